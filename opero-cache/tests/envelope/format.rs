//! The format on users' disks and servers: a change here is a new version, or loses what they stored.

use std::time::Duration;

use opero_cache::Key;
use opero_cache::envelope::{open, seal};

use crate::subject::named;

#[test]
fn the_bytes_of_a_record_are_these() {
    let codec = named::<(u8, String)>("golden");
    let key = Key::stable(1 << 64 | 2);
    let value = (7, "seven".to_owned());
    let expires = Duration::from_millis(0x0102_0304_0506);
    let record = seal(&codec, &key, &value, Some(expires)).unwrap();
    let fields = [
        &b"opro"[..],
        &[1],
        &GOLDEN_TYPE.to_le_bytes(),
        &[6, 5, 4, 3, 2, 1, 0, 0],
        &[7, 0, 0, 0, 0, 0, 0, 0],
        &[7, 5, b's', b'e', b'v', b'e', b'n'],
        &GOLDEN_CHECKSUM.to_le_bytes(),
    ];
    assert_eq!(record, fields.concat());
    let sealed = open(&codec, &key, &record).unwrap();
    assert_eq!(
        (sealed.expires(), sealed.value()),
        (Some(expires), Ok(value))
    );
}

/// XXH3 of `golden`, and of the record under that key, as the reference implementation gives them.
const GOLDEN_TYPE: u64 = 0x7d26_3ba9_f3ff_b622;
const GOLDEN_CHECKSUM: u64 = 0x1e3c_7829_1d17_588a;
