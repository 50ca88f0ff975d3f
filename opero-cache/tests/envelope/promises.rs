use std::time::Duration;

use opero_cache::Key;
use opero_cache::envelope::{EnvelopeError, open, seal};
use opero_core::{Codec, CodecError};
use proptest::prelude::*;

use crate::subject::{KEY, Part, Report, named};

fn text() -> Codec<String> {
    Codec::postcard()
}

fn record(text_of: &str) -> Vec<u8> {
    seal(&text(), &KEY, &text_of.to_owned(), None).unwrap()
}

fn invalid(record: &[u8]) -> Option<EnvelopeError> {
    open(&text(), &KEY, record).err()
}

proptest! {
    #[test]
    fn what_was_sealed_opens(value: (String, Vec<Option<i64>>), key: u128, millis: Option<u64>) {
        let (codec, key) = (Codec::postcard(), Key::stable(key));
        let expires = millis.filter(|&millis| millis != u64::MAX).map(Duration::from_millis);
        let record = seal(&codec, &key, &value, expires).unwrap();
        let sealed = open(&codec, &key, &record).unwrap();
        prop_assert_eq!(sealed.expires(), expires);
        prop_assert_eq!(sealed.value(), Ok(value));
    }

    #[test]
    fn no_other_key_opens_it(value: String, key: u128, other: u128) {
        let record = seal(&text(), &Key::stable(key), &value, None).unwrap();
        for other in [other, key ^ 1, key ^ 1 << 64, key ^ 1 << 127, key.rotate_left(64)] {
            if other != key {
                let opened = open(&text(), &Key::stable(other), &record);
                prop_assert_eq!(opened.err(), Some(EnvelopeError::Damaged));
            }
        }
    }

    #[test]
    fn other_bytes_open_nothing(bytes: Vec<u8>, as_record: bool) {
        let bytes = if as_record { [b"opro\x01", &bytes[..]].concat() } else { bytes };
        prop_assert!(invalid(&bytes).is_some());
    }
}

#[test]
fn no_part_of_a_record_opens_and_none_with_more_behind_it() {
    let whole = record("part of the whole");
    for length in 0..whole.len() {
        let reason = invalid(&whole[..length]);
        let expected = if length < 4 {
            EnvelopeError::Foreign
        } else {
            EnvelopeError::Truncated
        };
        assert_eq!(reason, Some(expected), "{length} bytes");
    }
    assert_eq!(
        invalid(&[&whole[..], b"!"].concat()),
        Some(EnvelopeError::Damaged)
    );
}

#[test]
fn no_record_with_a_bit_flipped_opens() {
    for length in [0, 1, 20, 300, 5000] {
        let whole = record(&"x".repeat(length));
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(invalid(&flipped).is_some(), "bit {bit} of {length}");
        }
    }
}

#[test]
fn no_other_type_opens_it_even_where_its_bytes_would_decode() {
    let text = record("bytes");
    let opened = open(&Codec::<Vec<u8>>::postcard(), &KEY, &text);
    assert_eq!(opened.err(), Some(EnvelopeError::Type));
}

#[test]
fn no_other_version_of_the_format_is_read() {
    for version in (0..=u8::MAX).filter(|&version| version != 1) {
        let mut other = record("version");
        other[4] = version;
        assert_eq!(invalid(&other), Some(EnvelopeError::Version(version)));
        // Whatever follows: it is that version's affair.
        assert_eq!(invalid(&other[..5]), Some(EnvelopeError::Version(version)));
    }
}

#[test]
fn a_type_that_kept_its_name_but_not_its_shape_does_not_decode() {
    let record = seal(&named::<u8>("shape"), &KEY, &200, None).unwrap();
    let sealed = open(&named::<u64>("shape"), &KEY, &record).map(|sealed| sealed.value());
    assert!(
        matches!(sealed, Ok(Err(EnvelopeError::Undecodable(_)))),
        "{sealed:?}"
    );
}

/// Two types of one name, as one is before a change and the other after it.
macro_rules! changed {
    ($old:tt $new:tt $value:expr) => {{
        let (record, name) = {
            types!($old);
            let codec = Codec::<Type>::postcard();
            (
                seal(&codec, &KEY, &$value, None).unwrap(),
                codec.type_name(),
            )
        };
        types!($new);
        let codec = Codec::<Type>::postcard();
        assert_eq!(codec.type_name(), name);
        let opened = open(&codec, &KEY, &record).err();
        assert_eq!(opened, Some(EnvelopeError::Type), "{}", stringify!($new));
    }};
}

macro_rules! types {
    ({ $($item:item)+ }) => {
        $(
            #[derive(serde::Serialize, serde::Deserialize)]
            #[allow(dead_code, reason = "only one of them is made")]
            $item
        )+
    };
}

#[test]
fn a_type_that_changed_does_not_read_the_records_of_before() {
    changed!({ struct Type { a: u32, b: u32 } } { struct Type { b: u32, a: u32 } } Type { a: 1, b: 2 });
    changed!({ struct Type { a: u32 } } { struct Type { b: u32 } } Type { a: 1 });
    changed!({ struct Type { a: u32 } } { struct Type { b: (), a: u32 } } Type { a: 1 });
    changed!({ struct Type { a: u32 } } { struct Type { a: i32 } } Type { a: 2 });
    changed!({ struct Type { a: u32 } } { struct Type { a: u64 } } Type { a: 2 });
    changed!({ enum Type { A, B } } { enum Type { New, A, B } } Type::A);
    changed!({ enum Type { A(u8), B(u8) } } { enum Type { B(u8), A(u8) } } Type::A(1));
    changed!(
        { struct Celsius(f64); struct Type { t: Celsius } }
        { struct Fahrenheit(f64); struct Type { t: Fahrenheit } }
        Type { t: Celsius(20.0) }
    );
}

#[test]
fn an_expiry_that_64_bits_cannot_say_is_never() {
    for expires in [Duration::MAX, Duration::from_millis(u64::MAX)] {
        let record = seal(&text(), &KEY, &String::new(), Some(expires)).unwrap();
        assert_eq!(open(&text(), &KEY, &record).unwrap().expires(), None);
    }
    let last = Duration::from_millis(u64::MAX - 1);
    let record = seal(&text(), &KEY, &String::new(), Some(last)).unwrap();
    assert_eq!(open(&text(), &KEY, &record).unwrap().expires(), Some(last));
}

#[test]
fn a_value_that_rejects_to_become_bytes_is_an_error_and_the_next_one_is_not() {
    let rejecting = Codec::<String>::new(
        "rejecting",
        |_, out| {
            out.extend_from_slice(b"half of it");
            Err(CodecError::new("no"))
        },
        |_| Err(CodecError::new("no")),
    );
    let sealed = seal(&rejecting, &KEY, &String::new(), None);
    assert_eq!(sealed, Err(CodecError::new("no")));
    assert_eq!(invalid(&record("next")), None);
}

#[test]
fn a_value_within_a_value_disturbs_neither() {
    let outer = Codec::<String>::new(
        "outer",
        |value, out| {
            out.extend_from_slice(b"before ");
            let inner = record("inner");
            assert_eq!(invalid(&inner), None);
            out.extend_from_slice(value.as_bytes());
            Ok(())
        },
        |bytes| Ok(String::from_utf8_lossy(bytes).into_owned()),
    );
    let record = seal(&outer, &KEY, &"after".to_owned(), None).unwrap();
    let value = open(&outer, &KEY, &record).unwrap().value();
    assert_eq!(value, Ok("before after".to_owned()));
}

#[test]
fn sealing_allocates_the_record_alone_and_opening_nothing() {
    let value = "x".repeat(4096);
    drop(record(&value));
    let (mut sealed, codec) = (Vec::new(), text());
    let info = allocation_counter::measure(|| sealed = seal(&codec, &KEY, &value, None).unwrap());
    assert_eq!(
        (info.count_total, info.bytes_total),
        (1, sealed.len() as u64)
    );
    let info = allocation_counter::measure(|| {
        open(&codec, &KEY, &sealed).unwrap();
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn nothing_shows_a_value() {
    let codec = named::<String>("secret");
    let record = seal(&codec, &KEY, &"s3cret".to_owned(), None).unwrap();
    let shown = format!("{:?}", open(&codec, &KEY, &record).unwrap());
    assert!(
        !shown.contains("s3cret") && !shown.contains("115, 51"),
        "{shown}"
    );
    let reshaped = open(&named::<Report>("secret"), &KEY, &record).map(|sealed| sealed.value());
    assert!(matches!(reshaped, Err(_) | Ok(Err(_))));
    assert!(!format!("{reshaped:?}").contains("s3cret"), "{reshaped:?}");
}

/// What the envelope's documentation says of forged records.
#[test]
fn a_forged_length_reserves_little() {
    let raw = Codec::<Vec<u8>>::new(
        "forged",
        |bytes, out| {
            out.extend_from_slice(bytes);
            Ok(())
        },
        |bytes| Ok(bytes.to_vec()),
    );
    // A sequence of 2⁶⁴ - 1 elements, of which none is there.
    let mut forged = vec![0xff; 9];
    forged.push(1);
    let record = seal(&raw, &KEY, &forged, None).unwrap();
    let info = allocation_counter::measure(|| {
        let opened = open(&named::<Vec<Part>>("forged"), &KEY, &record).unwrap();
        assert!(opened.value().is_err());
        let opened = open(&named::<String>("forged"), &KEY, &record).unwrap();
        assert!(opened.value().is_err());
    });
    assert!(info.bytes_max < 4096, "{info:?}");
}
