//! What is done with any bytes, here and under the fuzzer (`fuzz/fuzz_targets/open.rs`).

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use opero_cache::{Key, envelope};
use opero_core::Codec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The key of every record of the corpus.
pub(crate) const KEY: Key = Key::stable(0x0123_4567_89ab_cdef_fedc_ba98_7654_3210);

/// A result as programs have them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) title: String,
    pub(crate) score: Option<i64>,
    pub(crate) tags: BTreeMap<String, Vec<Option<u16>>>,
    pub(crate) parts: Vec<Part>,
    pub(crate) checked: (bool, char, u128),
}

/// A choice of shapes, one of which contains itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Part {
    Nothing,
    Text(String),
    Image { width: u32, pixels: Vec<u8> },
    Both(Box<Part>, Box<Part>),
}

/// Opens `bytes` as a record of each type, and decodes them as a value of each.
///
/// # Panics
/// Where a value that came out does not come out again.
pub(crate) fn examine(bytes: &[u8]) {
    examine_as::<String>("text", bytes);
    examine_as::<Vec<u64>>("numbers", bytes);
    examine_as::<HashMap<u64, Vec<String>>>("lists", bytes);
    examine_as::<Report>("report", bytes);
    // Recursion is as deep as the record says, which is not for this to limit: see the envelope's documentation.
    if bytes.len() < 10_000 {
        examine_as::<Part>("part", bytes);
    }
}

fn examine_as<T>(name: &'static str, bytes: &[u8])
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + Any,
{
    let codec = named::<T>(name);
    if let Ok(sealed) = envelope::open(&codec, &KEY, bytes) {
        let _ = sealed.value();
    }
    // The checksum lets no made-up value through; one that was forged does get this far.
    let raw = Codec::<&[u8]>::new(
        name,
        |bytes, out| {
            out.extend_from_slice(bytes);
            Ok(())
        },
        |_| Ok(&[]),
    );
    let forged = envelope::seal(&raw, &KEY, &bytes, None).unwrap();
    let Ok(value) = envelope::open(&codec, &KEY, &forged).unwrap().value() else {
        return;
    };
    let again = envelope::seal(&codec, &KEY, &value, None).unwrap();
    let reopened = envelope::open(&codec, &KEY, &again).unwrap();
    assert_eq!(reopened.value().unwrap(), value);
}

/// Postcard, with a name that does not depend on the binary.
pub(crate) fn named<T: Serialize + DeserializeOwned>(name: &'static str) -> Codec<T> {
    Codec::new(
        name,
        |value, out| Codec::postcard().encode(value, out),
        |bytes| Codec::postcard().decode(bytes),
    )
}
