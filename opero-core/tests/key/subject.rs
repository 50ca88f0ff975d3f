//! Pairs of values made of a fuzzer's bytes, and what the key encoder promises of them.

use std::collections::{BTreeMap, HashMap};

use opero_core::KeyBytes;
use opero_core::stable::append_key;
use serde::Serialize;

use crate::tree::Tree;

/// Bytes that decisions are made by; zeros when they have run out.
pub(crate) struct Choices<'b>(&'b [u8]);

impl Choices<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    pub(crate) fn number<const N: usize>(&mut self) -> [u8; N] {
        // Mostly small: long runs of zeros look like ends and lengths.
        let mut number = [0; N];
        number[0] = self.byte();
        number[N - 1] = self.byte() & 0x81;
        number
    }

    pub(crate) fn few(&mut self) -> usize {
        usize::from(self.byte() % 4)
    }

    pub(crate) fn text(&mut self) -> String {
        let length = self.few();
        (0..length)
            .map(|_| char::from(self.byte() % 0x30))
            .collect()
    }
}

/// Two values from these bytes, the second differing where one byte differs: equal bytes exactly where the values are equal.
pub(crate) fn examine(bytes: &[u8]) {
    let Some((&[place, change], bytes)) = bytes.split_first_chunk() else {
        return;
    };
    let mut changed = bytes.to_vec();
    if let Some(byte) = changed.get_mut(usize::from(place)) {
        *byte = byte.wrapping_add(change);
    }
    compare(bytes, &changed, |choices| {
        Tree::choose(choices, 4).canonical()
    });
    compare(bytes, &changed, Request::choose);
    compare(bytes, &changed, |choices| json(choices, 3));

    let tree = Tree::choose(&mut Choices(bytes), 4);
    assert_eq!(key(&tree), key(&tree.reversed()), "{tree:?}");
}

fn compare<T: Serialize + PartialEq + std::fmt::Debug>(
    one: &[u8],
    other: &[u8],
    choose: impl Fn(&mut Choices<'_>) -> T,
) {
    let (one, other) = (choose(&mut Choices(one)), choose(&mut Choices(other)));
    let (one_key, other_key) = (key(&one), key(&other));
    assert_eq!(one == other, one_key == other_key, "{one:?} {other:?}");
    // Nor is one the beginning of the other: then what follows could make up for it.
    assert!(
        one == other || !one_key.starts_with(&other_key),
        "{one:?} {other:?}"
    );
}

pub(crate) fn key(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = KeyBytes::new();
    append_key(value, &mut bytes).unwrap();
    bytes.as_bytes().to_vec()
}

/// What functions take: enums in every representation of serde's, options, maps.
#[derive(Debug, PartialEq, Serialize)]
struct Request {
    external: External,
    internal: Internal,
    adjacent: Adjacent,
    untagged: Vec<Untagged>,
    nested: Option<Option<Option<u8>>>,
    counts: HashMap<String, u16>,
    #[serde(flatten)]
    rest: BTreeMap<String, Untagged>,
}

#[derive(Debug, PartialEq, Serialize)]
enum External {
    Unit,
    Narrow(u8),
    Wide(u64),
    Pair(u8, u8),
    Fields { a: u8, b: Option<u8> },
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    Circle { radius: u8 },
    Square { radius: u8 },
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "kind", content = "content")]
enum Adjacent {
    Unit,
    Narrow(u8),
    Wide(u64),
    Pair(u8, u8),
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
enum Untagged {
    Unit,
    Flag(bool),
    Narrow(u8),
    Signed(i8),
    Wide(u64),
    Text(String),
    Letter(char),
    List(Vec<u8>),
    Pair(u8, u8),
    Circle { radius: u8 },
    Square { side: u8 },
    Meters(Meters),
    Feet(Feet),
    Maybe(Option<bool>),
}

#[derive(Debug, PartialEq, Serialize)]
struct Meters(u8);

#[derive(Debug, PartialEq, Serialize)]
struct Feet(u8);

impl Request {
    fn choose(choices: &mut Choices<'_>) -> Self {
        Self {
            external: match choices.byte() % 5 {
                0 => External::Unit,
                1 => External::Narrow(choices.byte()),
                2 => External::Wide(choices.byte().into()),
                3 => External::Pair(choices.byte(), choices.byte()),
                _ => External::Fields {
                    a: choices.byte(),
                    b: choices.byte().is_multiple_of(2).then(|| choices.byte()),
                },
            },
            internal: match choices.byte() % 3 {
                0 => Internal::Unit,
                1 => Internal::Circle {
                    radius: choices.byte(),
                },
                _ => Internal::Square {
                    radius: choices.byte(),
                },
            },
            adjacent: match choices.byte() % 4 {
                0 => Adjacent::Unit,
                1 => Adjacent::Narrow(choices.byte()),
                2 => Adjacent::Wide(choices.byte().into()),
                _ => Adjacent::Pair(choices.byte(), choices.byte()),
            },
            untagged: (0..choices.few())
                .map(|_| Untagged::choose(choices))
                .collect(),
            nested: match choices.byte() % 4 {
                0 => None,
                1 => Some(None),
                2 => Some(Some(None)),
                _ => Some(Some(Some(choices.byte()))),
            },
            counts: (0..choices.few())
                .map(|_| (choices.text(), choices.byte().into()))
                .collect(),
            rest: (0..choices.few())
                .map(|_| (choices.text(), Untagged::choose(choices)))
                .collect(),
        }
    }
}

impl Untagged {
    fn choose(choices: &mut Choices<'_>) -> Self {
        match choices.byte() % 14 {
            0 => Self::Unit,
            1 => Self::Flag(choices.byte().is_multiple_of(2)),
            2 => Self::Narrow(choices.byte()),
            3 => Self::Signed(choices.byte() as i8),
            4 => Self::Wide(choices.byte().into()),
            5 => Self::Text(choices.text()),
            6 => Self::Letter(choices.byte().into()),
            7 => Self::List((0..choices.few()).map(|_| choices.byte()).collect()),
            8 => Self::Pair(choices.byte(), choices.byte()),
            9 => Self::Circle {
                radius: choices.byte(),
            },
            10 => Self::Square {
                side: choices.byte(),
            },
            11 => Self::Meters(Meters(choices.byte())),
            12 => Self::Feet(Feet(choices.byte())),
            _ => Self::Maybe([None, Some(false), Some(true)][usize::from(choices.byte() % 3)]),
        }
    }
}

fn json(choices: &mut Choices<'_>, depth: u8) -> serde_json::Value {
    match choices.byte() % if depth == 0 { 6 } else { 8 } {
        0 => serde_json::Value::Null,
        1 => false.into(),
        2 => true.into(),
        3 => choices.byte().into(),
        4 => (-i64::from(choices.byte()) - 1).into(),
        5 => choices.text().into(),
        6 => (0..choices.few())
            .map(|_| json(choices, depth - 1))
            .collect(),
        _ => {
            let entries = (0..choices.few()).map(|_| (choices.text(), json(choices, depth - 1)));
            serde_json::Value::Object(entries.collect())
        }
    }
}
