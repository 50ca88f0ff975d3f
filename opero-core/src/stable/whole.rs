//! Serialization that leaves nothing out.
//!
//! In postcard a field has no name, only a place. A field that a type leaves out now and then (`skip_serializing_if`) would
//! move those behind it: they would be read as something else, and two different values could have the same bytes. So such
//! a field is an error, wherever in a value it is.

use serde::ser::{self, Error, Serialize, Serializer};

/// A value or a serializer, or what a serializer makes of a compound, that is watched.
pub(super) struct Whole<S>(pub(super) S);

impl<V: Serialize + ?Sized> Serialize for Whole<&V> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Whole(serializer))
    }
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*) $(-> $result:ident)?;)*) => {$(
        forward!(@one $method($($argument: $type),*) $(-> $result)?);
    )*};
    (@one $method:ident($($argument:ident: $type:ty),*)) => {
        #[inline]
        fn $method(self, $($argument: $type),*) -> Result<S::Ok, S::Error> {
            self.0.$method($($argument),*)
        }
    };
    (@one $method:ident($($argument:ident: $type:ty),*) -> $result:ident) => {
        #[inline]
        fn $method(self, $($argument: $type),*) -> Result<Self::$result, S::Error> {
            self.0.$method($($argument),*).map(Whole)
        }
    };
}

impl<S: Serializer> Serializer for Whole<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Whole<S::SerializeSeq>;
    type SerializeTuple = Whole<S::SerializeTuple>;
    type SerializeTupleStruct = Whole<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Whole<S::SerializeTupleVariant>;
    type SerializeMap = Whole<S::SerializeMap>;
    type SerializeStruct = Whole<S::SerializeStruct>;
    type SerializeStructVariant = Whole<S::SerializeStructVariant>;

    forward! {
        serialize_bool(v: bool);
        serialize_i8(v: i8);
        serialize_i16(v: i16);
        serialize_i32(v: i32);
        serialize_i64(v: i64);
        serialize_i128(v: i128);
        serialize_u8(v: u8);
        serialize_u16(v: u16);
        serialize_u32(v: u32);
        serialize_u64(v: u64);
        serialize_u128(v: u128);
        serialize_f32(v: f32);
        serialize_f64(v: f64);
        serialize_char(v: char);
        serialize_str(v: &str);
        serialize_bytes(v: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
        serialize_seq(len: Option<usize>) -> SerializeSeq;
        serialize_tuple(len: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize) -> SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, len: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize) -> SerializeStructVariant;
    }

    #[inline]
    fn serialize_some<V: Serialize + ?Sized>(self, value: &V) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&Whole(value))
    }

    #[inline]
    fn serialize_newtype_struct<V: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &V,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &Whole(value))
    }

    #[inline]
    fn serialize_newtype_variant<V: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &V,
    ) -> Result<S::Ok, S::Error> {
        self.0
            .serialize_newtype_variant(name, index, variant, &Whole(value))
    }

    fn collect_str<V: std::fmt::Display + ?Sized>(self, value: &V) -> Result<S::Ok, S::Error> {
        self.0.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// Compounds whose parts have no names.
macro_rules! unnamed {
    ($($trait:ident::$part:ident;)*) => {$(
        impl<S: ser::$trait> ser::$trait for Whole<S> {
            type Ok = S::Ok;
            type Error = S::Error;

            #[inline]
            fn $part<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), S::Error> {
                self.0.$part(&Whole(value))
            }
            #[inline]
            fn end(self) -> Result<S::Ok, S::Error> {
                self.0.end()
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

impl<S: ser::SerializeMap> ser::SerializeMap for Whole<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    #[inline]
    fn serialize_key<V: Serialize + ?Sized>(&mut self, key: &V) -> Result<(), S::Error> {
        self.0.serialize_key(&Whole(key))
    }
    #[inline]
    fn serialize_value<V: Serialize + ?Sized>(&mut self, value: &V) -> Result<(), S::Error> {
        self.0.serialize_value(&Whole(value))
    }
    #[inline]
    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

/// Compounds with named fields, none of which may be left out.
macro_rules! named {
    ($($trait:ident;)*) => {$(
        impl<S: ser::$trait> ser::$trait for Whole<S> {
            type Ok = S::Ok;
            type Error = S::Error;

            #[inline]
            fn serialize_field<V: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &V,
            ) -> Result<(), S::Error> {
                self.0.serialize_field(name, &Whole(value))
            }
            #[cold]
            fn skip_field(&mut self, _: &'static str) -> Result<(), S::Error> {
                Err(S::Error::custom("a field is left out"))
            }
            #[inline]
            fn end(self) -> Result<S::Ok, S::Error> {
                self.0.end()
            }
        }
    )*};
}

named! {
    SerializeStruct;
    SerializeStructVariant;
}
