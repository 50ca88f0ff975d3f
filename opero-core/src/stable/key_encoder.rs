//! The encoding of arguments in keys that outlive the process.
//!
//! Every call that serde makes begins with a tag of one byte, so values of different types never have
//! the same bytes, whatever `untagged` and `flatten` leave out. Compounds end with a tag too, so no
//! length need be known beforehand. No encoding is the beginning of another one: what follows is never
//! taken for a part of it.
//!
//! | call | bytes behind the tag |
//! |---|---|
//! | 32- and 64-bit integers | the number, little-endian, without leading zeros: the tag has their count; signed ones in zigzag |
//! | other numbers, `char` | the number, little-endian, in its own width; floats as their bits |
//! | `str`, bytes | length, contents; the tag is the length of a `str` below 64 bytes |
//! | `Some`, newtypes | (name,) the value |
//! | sequences, tuples | (name,) the elements, end |
//! | structs | name, each field's name and value, end |
//! | variants | the enum's name, index, the variant's name, then as above |
//! | maps | keys with their values, ordered by their bytes, end |
//!
//! Lengths are LEB128; names are length and text, and the tag is the length of a field's name below 64
//! bytes. It is not human-readable to serde: a type that has two forms gives its compact one.
//!
//! Fewer bytes are faster keys: BLAKE3 takes longer for each 64 of them than their encoding does.

mod entries;

use serde::ser::{self, Serialize, Serializer};

use self::entries::Entries;
use crate::{CodecError, KeyBytes};

/// Appends what identifies `value` in a key. Values of different types, and different values of one type, have different bytes;
/// maps with the same entries have the same, in whatever order they hold them.
///
/// What serde does not show is not in it: a field with `#[serde(skip)]`, the type of a sequence, the order in which a set was filled
/// shows although it does not matter. See `cache_key` for the way out.
///
/// ```
/// use std::collections::HashMap;
/// use opero_core::KeyBytes;
/// use opero_core::stable::append_key;
///
/// fn key(value: impl serde::Serialize) -> Vec<u8> {
///     let mut bytes = KeyBytes::new();
///     append_key(&value, &mut bytes).unwrap();
///     bytes.as_bytes().to_vec()
/// }
/// assert_ne!(key(serde_json::json!([1])), key(serde_json::json!([true])));
/// assert_eq!(key(HashMap::from([("a", 1), ("b", 2)])), key(HashMap::from([("b", 2), ("a", 1)])));
/// ```
///
/// # Errors
/// Where the value's own `Serialize` rejects it. The message holds nothing of the value.
#[inline]
pub fn append_key<V: Serialize + ?Sized>(value: &V, out: &mut KeyBytes) -> Result<(), CodecError> {
    value.serialize(Encoder(out))
}

/// Another number here would make every stored entry a miss.
mod tag {
    pub(super) const END: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const I8: u8 = 3;
    pub(super) const I16: u8 = 4;
    pub(super) const I128: u8 = 5;
    pub(super) const U8: u8 = 6;
    pub(super) const U16: u8 = 7;
    pub(super) const U128: u8 = 8;
    pub(super) const F32: u8 = 9;
    pub(super) const F64: u8 = 10;
    pub(super) const CHAR: u8 = 11;
    pub(super) const STR: u8 = 12;
    pub(super) const BYTES: u8 = 13;
    pub(super) const NONE: u8 = 14;
    pub(super) const SOME: u8 = 15;
    pub(super) const UNIT: u8 = 16;
    pub(super) const UNIT_STRUCT: u8 = 17;
    pub(super) const UNIT_VARIANT: u8 = 18;
    pub(super) const NEWTYPE_STRUCT: u8 = 19;
    pub(super) const NEWTYPE_VARIANT: u8 = 20;
    pub(super) const SEQ: u8 = 21;
    pub(super) const TUPLE: u8 = 22;
    pub(super) const TUPLE_STRUCT: u8 = 23;
    pub(super) const TUPLE_VARIANT: u8 = 24;
    pub(super) const MAP: u8 = 25;
    pub(super) const STRUCT: u8 = 26;
    pub(super) const STRUCT_VARIANT: u8 = 27;
    pub(super) const FIELD: u8 = 28;
    /// With the number of bytes that follow added, up to 8.
    pub(super) const I32: u8 = 0x40;
    pub(super) const I64: u8 = 0x50;
    pub(super) const U32: u8 = 0x60;
    pub(super) const U64: u8 = 0x70;
    /// With the length added, below [`SHORT`].
    pub(super) const SHORT_STR: u8 = 0x80;
    pub(super) const SHORT_FIELD: u8 = 0xc0;
    pub(super) const SHORT: usize = 0x40;
}

/// Encodes one value.
struct Encoder<'o>(&'o mut KeyBytes);

impl Encoder<'_> {
    /// A text whose length is in the tag, where it is short.
    #[inline]
    fn short(&mut self, short: u8, long: u8, text: &[u8]) {
        match text.len() < tag::SHORT {
            true => self.0.put_text(short + text.len() as u8, text),
            false => self.text(long, text),
        }
    }

    #[inline]
    fn text(&mut self, tag: u8, text: &[u8]) {
        self.0.put(tag, []);
        self.length(text.len());
        self.0.push(text);
    }

    /// LEB128.
    #[inline]
    fn length(&mut self, mut length: usize) {
        while length >= 0x80 {
            self.0.put(length as u8 | 0x80, []);
            length >>= 7;
        }
        self.0.put(length as u8, []);
    }

    #[inline]
    fn variant(&mut self, tag: u8, name: &str, index: u32, variant: &str) {
        self.text(tag, name.as_bytes());
        self.length(index as usize);
        self.length(variant.len());
        self.0.push(variant.as_bytes());
    }
}

macro_rules! numbers {
    ($($method:ident($type:ty) $tag:ident;)*) => {$(
        #[inline]
        fn $method(self, v: $type) -> Result<(), CodecError> {
            self.0.put(tag::$tag, v.to_le_bytes());
            Ok(())
        }
    )*};
}

macro_rules! integers {
    ($($method:ident($type:ty) $tag:ident $unsigned:expr;)*) => {$(
        #[inline]
        fn $method(self, v: $type) -> Result<(), CodecError> {
            let unsigned = $unsigned(v);
            let zeros = unsigned.leading_zeros() / 8;
            let length = size_of::<$type>() as u32 - zeros;
            self.0.put(tag::$tag + length as u8, unsigned.to_le_bytes());
            self.0.take_back(zeros as usize);
            Ok(())
        }
    )*};
}

/// Compounds with the name of a type.
macro_rules! named {
    ($($method:ident $tag:ident;)*) => {$(
        #[inline]
        fn $method(mut self, name: &'static str, _: usize) -> Result<Compound<'o>, CodecError> {
            self.text(tag::$tag, name.as_bytes());
            Ok(Compound(self.0))
        }
    )*};
}

/// Compounds with the names of a variant.
macro_rules! variants {
    ($($method:ident $tag:ident;)*) => {$(
        #[inline]
        fn $method(
            mut self,
            name: &'static str,
            index: u32,
            variant: &'static str,
            _: usize,
        ) -> Result<Compound<'o>, CodecError> {
            self.variant(tag::$tag, name, index, variant);
            Ok(Compound(self.0))
        }
    )*};
}

/// Calls that are their tag.
macro_rules! tags {
    ($($method:ident($($value:ident: $type:ty)?) $tag:expr;)*) => {$(
        #[inline]
        fn $method(self $(, $value: $type)?) -> Result<(), CodecError> {
            self.0.put($tag, []);
            Ok(())
        }
    )*};
}

impl<'o> Serializer for Encoder<'o> {
    type Ok = ();
    type Error = CodecError;
    type SerializeSeq = Compound<'o>;
    type SerializeTuple = Compound<'o>;
    type SerializeTupleStruct = Compound<'o>;
    type SerializeTupleVariant = Compound<'o>;
    type SerializeMap = Entries<'o>;
    type SerializeStruct = Compound<'o>;
    type SerializeStructVariant = Compound<'o>;

    numbers! {
        serialize_i8(i8) I8;
        serialize_i16(i16) I16;
        serialize_i128(i128) I128;
        serialize_u8(u8) U8;
        serialize_u16(u16) U16;
        serialize_u128(u128) U128;
        serialize_f32(f32) F32;
        serialize_f64(f64) F64;
    }

    integers! {
        serialize_i32(i32) I32 |v: i32| ((v << 1) ^ (v >> 31)).cast_unsigned();
        serialize_i64(i64) I64 |v: i64| ((v << 1) ^ (v >> 63)).cast_unsigned();
        serialize_u32(u32) U32 |v: u32| v;
        serialize_u64(u64) U64 |v: u64| v;
    }

    tags! {
        serialize_none() tag::NONE;
        serialize_unit() tag::UNIT;
        serialize_bool(v: bool) if v { tag::TRUE } else { tag::FALSE };
    }

    named! {
        serialize_tuple_struct TUPLE_STRUCT;
        serialize_struct STRUCT;
    }

    variants! {
        serialize_tuple_variant TUPLE_VARIANT;
        serialize_struct_variant STRUCT_VARIANT;
    }

    fn serialize_char(self, v: char) -> Result<(), CodecError> {
        self.0.put(tag::CHAR, u32::from(v).to_le_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_str(mut self, v: &str) -> Result<(), CodecError> {
        self.short(tag::SHORT_STR, tag::STR, v.as_bytes());
        Ok(())
    }

    fn serialize_bytes(mut self, v: &[u8]) -> Result<(), CodecError> {
        self.text(tag::BYTES, v);
        Ok(())
    }

    #[inline]
    fn serialize_some<V: Serialize + ?Sized>(self, value: &V) -> Result<(), CodecError> {
        self.0.put(tag::SOME, []);
        value.serialize(self)
    }

    fn serialize_unit_struct(mut self, name: &'static str) -> Result<(), CodecError> {
        self.text(tag::UNIT_STRUCT, name.as_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_unit_variant(
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<(), CodecError> {
        self.variant(tag::UNIT_VARIANT, name, index, variant);
        Ok(())
    }

    #[inline]
    fn serialize_newtype_struct<V: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &V,
    ) -> Result<(), CodecError> {
        self.text(tag::NEWTYPE_STRUCT, name.as_bytes());
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &V,
    ) -> Result<(), CodecError> {
        self.variant(tag::NEWTYPE_VARIANT, name, index, variant);
        value.serialize(self)
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'o>, CodecError> {
        self.0.put(tag::SEQ, []);
        Ok(Compound(self.0))
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Compound<'o>, CodecError> {
        self.0.put(tag::TUPLE, []);
        Ok(Compound(self.0))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'o>, CodecError> {
        self.0.put(tag::MAP, []);
        Ok(Entries::new(self.0))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Elements or fields, and an end.
struct Compound<'o>(&'o mut KeyBytes);

macro_rules! unnamed {
    ($($trait:ident::$part:ident;)*) => {$(
        impl ser::$trait for Compound<'_> {
            type Ok = ();
            type Error = CodecError;

            #[inline]
            fn $part<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), CodecError> {
                append_key(value, self.0)
            }
            #[inline]
            fn end(self) -> Result<(), CodecError> {
                self.0.put(tag::END, []);
                Ok(())
            }
        }
    )*};
}

unnamed! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

/// A field that is left out (`skip_serializing_if`) is not there: the names tell which one it is.
macro_rules! fields {
    ($($trait:ident;)*) => {$(
        impl ser::$trait for Compound<'_> {
            type Ok = ();
            type Error = CodecError;

            #[inline]
            fn serialize_field<V: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &V,
            ) -> Result<(), CodecError> {
                Encoder(self.0).short(tag::SHORT_FIELD, tag::FIELD, name.as_bytes());
                append_key(value, self.0)
            }
            #[inline]
            fn end(self) -> Result<(), CodecError> {
                self.0.put(tag::END, []);
                Ok(())
            }
        }
    )*};
}

fields! {
    SerializeStruct;
    SerializeStructVariant;
}

/// A type's own words are not kept, since they may quote the value. This is what they stand for, most of the time.
impl ser::Error for CodecError {
    #[cold]
    fn custom<M: std::fmt::Display>(_: M) -> Self {
        Self::new(
            "the `Serialize` of one of its types rejected it, as for a path that is not UTF-8 or a time before 1970",
        )
    }
}
