//! Keys that outlive the process: equal for equal values, and for no others.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

mod subject;
mod tree;

use std::collections::HashMap;

use opero_core::KeyBytes;
use opero_core::stable::append_key;
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;
use subject::{examine, key};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn unequal_values_never_have_equal_bytes(bytes in vec(any::<u8>(), 2..200)) {
        examine(&bytes);
    }

    #[test]
    fn equal_maps_have_equal_bytes_whatever_their_order(
        entries in hash_map(any::<String>(), vec(hash_map(any::<u8>(), any::<Option<bool>>(), 0..5), 0..3), 0..5),
    ) {
        // A map that is built again has seeds of its own.
        let again = entries.iter().map(|(key, maps)| {
            let maps = maps.iter().map(|map| map.clone().into_iter().collect());
            (key.clone(), maps.collect())
        });
        let again: HashMap<String, Vec<HashMap<u8, Option<bool>>>> = again.collect();
        prop_assert_eq!(key(&entries), key(&again));
    }
}

/// A million pairs or as many as are asked for, for those who have no fuzzer: `OPERO_KEY_PAIRS=10000000 cargo test --release …`.
#[test]
#[ignore = "takes a minute; the proptest above does the same"]
fn a_long_run_finds_no_equal_bytes() {
    let pairs = std::env::var("OPERO_KEY_PAIRS").map_or(1_000_000, |pairs| pairs.parse().unwrap());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = [0; 96];
    for _ in 0..pairs {
        for chunk in bytes.chunks_mut(8) {
            // xorshift64*
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            chunk.copy_from_slice(&state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
        }
        bytes[0] %= 94;
        examine(&bytes);
    }
}

#[test]
fn values_of_different_types_differ() {
    let keys = [
        key(&1_u8),
        key(&1_i8),
        key(&1_u16),
        key(&0_u32),
        key(&0_i32),
        key(&0_u64),
        key(&-1_i64),
        key(&u64::MAX),
        key(&i64::MIN),
        key(&"x".repeat(63)),
        key(&"x".repeat(64)),
        key(&1_u32),
        key(&1_i32),
        key(&1_u64),
        key(&1_i64),
        key(&1_u128),
        key(&1_i128),
        key(&1_f32),
        key(&1_f64),
        key(&true),
        key(&'\u{1}'),
        key(&"\u{1}"),
        key(&()),
        key(&None::<u8>),
        key(&Some(1_u8)),
        key(&Some(Some(1_u8))),
        key(&[1_u8]),
        key(&vec![1_u8]),
        key(&json!({"n": 1})),
        key(&json!({"n": true})),
        key(&json!([1])),
        key(&json!([true])),
        key(&json!([null])),
        key(&json!([])),
        key(&json!({})),
        key(&""),
        key(&json!("a")),
        key(&json!([97])),
        key(&(1_u8, ())),
        key(&((), 1_u8)),
        key(&0_f64),
        key(&-0_f64),
    ];
    for (number, one) in keys.iter().enumerate() {
        for other in &keys[..number] {
            assert!(
                !one.starts_with(other) && !other.starts_with(one),
                "{number}: {one:?} {other:?}"
            );
        }
    }
}

#[test]
fn owned_and_borrowed_values_have_the_same_key() {
    assert_eq!(key(&"a"), key(&String::from("a")));
    assert_eq!(key(&vec![1_u8]), key(&&[1_u8][..]));
    assert_eq!(key(&Box::new(1)), key(&&1));
}

#[test]
fn the_format_is_the_same_in_every_version() {
    #[derive(Serialize)]
    struct Point {
        x: i16,
        y: Option<&'static str>,
    }
    let bytes = key(&(
        Point {
            x: -2,
            y: Some("up"),
        },
        [true],
        300_u32,
    ));
    let expected = b"\x16\x1a\x05Point\xc1x\x04\xfe\xff\xc1y\x0f\x82up\0\x16\x02\0\x62\x2c\x01\0";
    assert_eq!(bytes, expected);
}

#[test]
fn a_field_that_is_left_out_is_told_from_one_that_is_there() {
    #[derive(Serialize)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        second: Option<u8>,
    }
    let of = |first, second| key(&Sparse { first, second });
    assert_ne!(of(Some(1), None), of(None, Some(1)));
    assert_ne!(of(None, None), of(None, Some(1)));
}

#[test]
fn what_rejects_or_contradicts_itself_has_no_key() {
    struct Secretive;
    impl Serialize for Secretive {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("s3cret"))
        }
    }
    struct Torn(bool);
    impl Serialize for Torn {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeMap;
            let mut map = serializer.serialize_map(None)?;
            match self.0 {
                true => map.serialize_value(&1)?,
                false => map.serialize_key(&1)?,
            }
            map.end()
        }
    }
    assert!(!rejection(&Secretive).contains("s3cret"));
    assert!(rejection(&Torn(true)).contains("alternate"));
    assert!(rejection(&Torn(false)).contains("alternate"));
}

fn rejection(value: &impl Serialize) -> String {
    let rejected = append_key(value, &mut KeyBytes::new());
    rejected.unwrap_err().to_string()
}
