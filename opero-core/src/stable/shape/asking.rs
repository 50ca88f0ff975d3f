//! Made-up data, of which a type tells what it wants.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::{DEEPEST, STEPS, Trace};

/// Gives whatever is wanted, and notes what that is. It is read as bytes are, in order and without names.
pub(super) struct Asking<'t>(pub(super) &'t mut Trace);

/// The type does not want it, or enough was asked.
#[derive(Debug)]
pub(super) struct Enough;

impl fmt::Display for Enough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no more")
    }
}

impl std::error::Error for Enough {}

impl Error for Enough {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self
    }
}

impl Asking<'_> {
    fn note(&mut self, what: &str, number: usize) -> Result<(), Enough> {
        self.0.note(what.as_bytes(), number);
        if self.0.steps < STEPS && self.0.depth < DEEPEST {
            Ok(())
        } else {
            Err(Enough)
        }
    }

    /// How many elements there are where their number is free.
    fn some(&self) -> usize {
        usize::from(!self.0.recursive())
    }
}

macro_rules! plain {
    ($($method:ident => $visit:ident($($value:expr)?);)*) => {$(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Enough> {
            self.note(stringify!($visit), 0)?;
            visitor.$visit($($value)?)
        }
    )*};
}

macro_rules! unreadable {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(mut self, _: V) -> Result<V::Value, Enough> {
            self.note(stringify!($method), 0)?;
            Err(Enough)
        }
    )*};
}

impl<'de> Deserializer<'de> for Asking<'_> {
    type Error = Enough;

    // Ones: they are not zero, for types that are not, either.
    plain! {
        deserialize_bool => visit_bool(true);
        deserialize_i8 => visit_i8(1);
        deserialize_i16 => visit_i16(1);
        deserialize_i32 => visit_i32(1);
        deserialize_i64 => visit_i64(1);
        deserialize_i128 => visit_i128(1);
        deserialize_u8 => visit_u8(1);
        deserialize_u16 => visit_u16(1);
        deserialize_u32 => visit_u32(1);
        deserialize_u64 => visit_u64(1);
        deserialize_u128 => visit_u128(1);
        deserialize_f32 => visit_f32(1.0);
        deserialize_f64 => visit_f64(1.0);
        deserialize_char => visit_char('1');
        deserialize_str => visit_borrowed_str("1");
        deserialize_string => visit_borrowed_str("1");
        deserialize_bytes => visit_borrowed_bytes(b"1");
        deserialize_byte_buf => visit_borrowed_bytes(b"1");
        deserialize_unit => visit_unit();
    }

    // Postcard does not read those either.
    unreadable! { deserialize_any deserialize_identifier deserialize_ignored_any }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Enough> {
        self.note("option", 0)?;
        match self.some() {
            0 => visitor.visit_none(),
            _ => nested(self.0, |trace| visitor.visit_some(Asking(trace))),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Enough> {
        self.deserialize_unit(visitor)
    }

    /// It has the bytes of what is in it, and its name is all that says what they mean.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Enough> {
        self.note("newtype", 0)?;
        self.note(name, 0)?;
        nested(self.0, |trace| visitor.visit_newtype_struct(Asking(trace)))
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Enough> {
        self.note("sequence", 0)?;
        let left = self.some();
        nested(self.0, |trace| visitor.visit_seq(Elements { trace, left }))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        mut self,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Enough> {
        self.note("tuple", left)?;
        nested(self.0, |trace| visitor.visit_seq(Elements { trace, left }))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Enough> {
        self.note(name, len)?;
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Enough> {
        self.note("map", 0)?;
        let left = self.some();
        nested(self.0, |trace| visitor.visit_map(Elements { trace, left }))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Enough> {
        self.note("struct", fields.len())?;
        self.0.note_all(fields);
        self.0.open.push((name, fields));
        let left = fields.len();
        let value = nested(self.0, |trace| visitor.visit_seq(Elements { trace, left }));
        self.0.open.pop();
        value
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Enough> {
        let variant = self.0.variant((name, variants));
        self.note("enum", variants.len())?;
        self.0.note_all(variants);
        self.note("variant", variant)?;
        self.0.open.push((name, variants));
        let value = nested(self.0, |trace| {
            visitor.visit_enum(Chosen { trace, variant })
        });
        self.0.open.pop();
        value
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

fn nested<T>(
    trace: &mut Trace,
    ask: impl FnOnce(&mut Trace) -> Result<T, Enough>,
) -> Result<T, Enough> {
    trace.depth += 1;
    let value = ask(trace);
    trace.depth -= 1;
    value
}

/// So many of what is in a compound.
struct Elements<'t> {
    trace: &'t mut Trace,
    left: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Enough;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Enough> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(Asking(self.trace)).map(Some)
    }
}

impl<'de> MapAccess<'de> for Elements<'_> {
    type Error = Enough;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Enough> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Enough> {
        seed.deserialize(Asking(self.trace))
    }
}

/// An enum that is that variant.
struct Chosen<'t> {
    trace: &'t mut Trace,
    variant: usize,
}

impl<'de> EnumAccess<'de> for Chosen<'_> {
    type Error = Enough;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Enough> {
        let number = u32::try_from(self.variant).unwrap_or(u32::MAX);
        let value = seed.deserialize(IntoDeserializer::<Enough>::into_deserializer(number))?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Chosen<'_> {
    type Error = Enough;

    fn unit_variant(self) -> Result<(), Enough> {
        Asking(self.trace).note("unit", 0)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Enough> {
        nested(self.trace, |trace| seed.deserialize(Asking(trace)))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Enough> {
        Asking(self.trace).deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Enough> {
        let mut asking = Asking(self.trace);
        asking.note("fields", fields.len())?;
        asking.0.note_all(fields);
        asking.deserialize_tuple(fields.len(), visitor)
    }
}
