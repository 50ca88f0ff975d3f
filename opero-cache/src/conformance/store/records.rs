//! Records that say themselves whose they are, so that a mixed or torn one is told from every right one.

use crate::conformance::run::{Random, Seen, ensure};

/// A record of `owner`, one of many different ones.
pub(super) fn record(owner: u64, version: u64) -> Vec<u8> {
    let mut random = Random((owner << 32 | version) + 1);
    let length = 16 + random.below(2000) as usize;
    let mut record = [owner.to_le_bytes(), version.to_le_bytes()].concat();
    while record.len() < length {
        record.push(random.below(256) as u8);
    }
    record
}

/// Returns `true` if it is, whole, one of `owner`'s.
pub(super) fn check(owner: u64, found: &[u8]) -> Seen {
    let version = found.get(8..16).and_then(|bytes| bytes.try_into().ok());
    let version = version.map_or(0, u64::from_le_bytes);
    let right = version < 1 << 32 && found == record(owner, version);
    ensure!(right, "a record is not one that was put there");
    Ok(())
}
