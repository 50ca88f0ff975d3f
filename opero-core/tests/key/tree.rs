//! Every call that serde has, as a tree: what a value shows of itself.

use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

use crate::subject::Choices;

type Name = &'static str;
/// Puts the entries of a map in an order.
type Order = dyn Fn(&mut Vec<(Tree, Tree)>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tree {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    F32(u32),
    F64(u64),
    Char(char),
    Str(String),
    Bytes(Vec<u8>),
    None,
    Some(Box<Tree>),
    Unit,
    UnitStruct(Name),
    UnitVariant(Name, u32, Name),
    NewtypeStruct(Name, Box<Tree>),
    NewtypeVariant(Name, u32, Name, Box<Tree>),
    Seq(Vec<Tree>),
    Tuple(Vec<Tree>),
    TupleStruct(Name, Vec<Tree>),
    TupleVariant(Name, u32, Name, Vec<Tree>),
    Map(Vec<(Tree, Tree)>),
    Struct(Name, Vec<(Name, Tree)>),
    StructVariant(Name, u32, Name, Vec<(Name, Tree)>),
}

const NAMES: [Name; 6] = ["", "a", "b", "ab", "\0", " "];

impl Tree {
    pub(crate) fn choose(choices: &mut Choices<'_>, depth: u8) -> Self {
        let name = |choices: &mut Choices<'_>| NAMES[usize::from(choices.byte()) % NAMES.len()];
        let index = |choices: &mut Choices<'_>| u32::from_le_bytes(choices.number()) % 300;
        let kinds = if depth == 0 { 20 } else { 30 };
        let depth = depth.saturating_sub(1);
        let one = |choices: &mut Choices<'_>| Box::new(Self::choose(choices, depth));
        let some = |choices: &mut Choices<'_>| -> Vec<Self> {
            (0..choices.few())
                .map(|_| Self::choose(choices, depth))
                .collect()
        };
        let fields = |choices: &mut Choices<'_>| -> Vec<(Name, Self)> {
            let count = choices.few();
            (0..count)
                .map(|_| (name(choices), Self::choose(choices, depth)))
                .collect()
        };
        match choices.byte() % kinds {
            0 => Self::Bool(choices.byte().is_multiple_of(2)),
            1 => Self::I8(choices.byte() as i8),
            2 => Self::I16(i16::from_le_bytes(choices.number())),
            3 => Self::I32(i32::from_le_bytes(choices.number())),
            4 => Self::I64(i64::from_le_bytes(choices.number())),
            5 => Self::I128(i128::from_le_bytes(choices.number())),
            6 => Self::U8(choices.byte()),
            7 => Self::U16(u16::from_le_bytes(choices.number())),
            8 => Self::U32(u32::from_le_bytes(choices.number())),
            9 => Self::U64(u64::from_le_bytes(choices.number())),
            10 => Self::U128(u128::from_le_bytes(choices.number())),
            11 => Self::F32(u32::from_le_bytes(choices.number())),
            12 => Self::F64(u64::from_le_bytes(choices.number())),
            13 => Self::Char(choices.byte().into()),
            14 => Self::Str(choices.text()),
            15 => Self::Bytes(choices.text().into()),
            16 => Self::None,
            17 => Self::Unit,
            18 => Self::UnitStruct(name(choices)),
            19 => Self::UnitVariant(name(choices), index(choices), name(choices)),
            20 => Self::Some(one(choices)),
            21 => Self::NewtypeStruct(name(choices), one(choices)),
            22 => Self::NewtypeVariant(name(choices), index(choices), name(choices), one(choices)),
            23 => Self::Seq(some(choices)),
            24 => Self::Tuple(some(choices)),
            25 => Self::TupleStruct(name(choices), some(choices)),
            26 => Self::TupleVariant(name(choices), index(choices), name(choices), some(choices)),
            27 => {
                let keys = some(choices).into_iter();
                Self::Map(
                    keys.map(|key| (key, Self::choose(choices, depth)))
                        .collect(),
                )
            }
            28 => Self::Struct(name(choices), fields(choices)),
            _ => Self::StructVariant(
                name(choices),
                index(choices),
                name(choices),
                fields(choices),
            ),
        }
    }

    /// The same with its maps in order: equal exactly where the values are.
    pub(crate) fn canonical(&self) -> Self {
        self.with_maps(&|entries| entries.sort())
    }

    /// The same value with its maps in another order.
    pub(crate) fn reversed(&self) -> Self {
        self.with_maps(&|entries| entries.reverse())
    }

    fn with_maps(&self, order: &Order) -> Self {
        let one = |tree: &Self| Box::new(tree.with_maps(order));
        let all = |trees: &[Self]| trees.iter().map(|tree| tree.with_maps(order)).collect();
        let fields = |fields: &[(Name, Self)]| {
            let fields = fields.iter();
            fields
                .map(|(name, tree)| (*name, tree.with_maps(order)))
                .collect()
        };
        match self {
            Self::Some(value) => Self::Some(one(value)),
            Self::NewtypeStruct(name, value) => Self::NewtypeStruct(name, one(value)),
            Self::NewtypeVariant(name, index, variant, value) => {
                Self::NewtypeVariant(name, *index, variant, one(value))
            }
            Self::Seq(elements) => Self::Seq(all(elements)),
            Self::Tuple(elements) => Self::Tuple(all(elements)),
            Self::TupleStruct(name, elements) => Self::TupleStruct(name, all(elements)),
            Self::TupleVariant(name, index, variant, elements) => {
                Self::TupleVariant(name, *index, variant, all(elements))
            }
            Self::Map(entries) => {
                let entries = entries.iter();
                let mut entries = entries
                    .map(|(key, value)| (key.with_maps(order), value.with_maps(order)))
                    .collect();
                order(&mut entries);
                Self::Map(entries)
            }
            Self::Struct(name, values) => Self::Struct(name, fields(values)),
            Self::StructVariant(name, index, variant, values) => {
                Self::StructVariant(name, *index, variant, fields(values))
            }
            plain => plain.clone(),
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(v) => serializer.serialize_bool(*v),
            Self::I8(v) => serializer.serialize_i8(*v),
            Self::I16(v) => serializer.serialize_i16(*v),
            Self::I32(v) => serializer.serialize_i32(*v),
            Self::I64(v) => serializer.serialize_i64(*v),
            Self::I128(v) => serializer.serialize_i128(*v),
            Self::U8(v) => serializer.serialize_u8(*v),
            Self::U16(v) => serializer.serialize_u16(*v),
            Self::U32(v) => serializer.serialize_u32(*v),
            Self::U64(v) => serializer.serialize_u64(*v),
            Self::U128(v) => serializer.serialize_u128(*v),
            Self::F32(bits) => serializer.serialize_f32(f32::from_bits(*bits)),
            Self::F64(bits) => serializer.serialize_f64(f64::from_bits(*bits)),
            Self::Char(v) => serializer.serialize_char(*v),
            // Some of them by way of `Display`.
            Self::Str(v) if v.len() % 2 == 0 => serializer.collect_str(v),
            Self::Str(v) => serializer.serialize_str(v),
            Self::Bytes(v) => serializer.serialize_bytes(v),
            Self::None => serializer.serialize_none(),
            Self::Some(value) => serializer.serialize_some(value),
            Self::Unit => serializer.serialize_unit(),
            Self::UnitStruct(name) => serializer.serialize_unit_struct(name),
            Self::UnitVariant(name, index, variant) => {
                serializer.serialize_unit_variant(name, *index, variant)
            }
            Self::NewtypeStruct(name, value) => serializer.serialize_newtype_struct(name, value),
            Self::NewtypeVariant(name, index, variant, value) => {
                serializer.serialize_newtype_variant(name, *index, variant, value)
            }
            Self::Seq(elements) => {
                // Of an unknown length, now and then.
                let length = (elements.len() != 2).then_some(elements.len());
                let mut all = serializer.serialize_seq(length)?;
                elements
                    .iter()
                    .try_for_each(|element| all.serialize_element(element))?;
                all.end()
            }
            Self::Tuple(elements) => {
                let mut all = serializer.serialize_tuple(elements.len())?;
                elements
                    .iter()
                    .try_for_each(|element| all.serialize_element(element))?;
                all.end()
            }
            Self::TupleStruct(name, elements) => {
                let mut all = serializer.serialize_tuple_struct(name, elements.len())?;
                elements
                    .iter()
                    .try_for_each(|element| all.serialize_field(element))?;
                all.end()
            }
            Self::TupleVariant(name, index, variant, elements) => {
                let length = elements.len();
                let mut all = serializer.serialize_tuple_variant(name, *index, variant, length)?;
                elements
                    .iter()
                    .try_for_each(|element| all.serialize_field(element))?;
                all.end()
            }
            Self::Map(entries) => {
                let length = (entries.len() != 2).then_some(entries.len());
                let mut all = serializer.serialize_map(length)?;
                entries
                    .iter()
                    .try_for_each(|(key, value)| all.serialize_entry(key, value))?;
                all.end()
            }
            Self::Struct(name, fields) => {
                let mut all = serializer.serialize_struct(name, fields.len())?;
                fields
                    .iter()
                    .try_for_each(|(field, value)| all.serialize_field(field, value))?;
                all.end()
            }
            Self::StructVariant(name, index, variant, fields) => {
                let length = fields.len();
                let mut all = serializer.serialize_struct_variant(name, *index, variant, length)?;
                fields
                    .iter()
                    .try_for_each(|(field, value)| all.serialize_field(field, value))?;
                all.end()
            }
        }
    }
}
