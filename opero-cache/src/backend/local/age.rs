//! When records are not needed any more.

use std::time::{Duration, SystemTime};

/// Where a record's age is kept: 8 bytes before it.
pub(super) const AGE: usize = 8;

/// When a record is not needed any more, as one number, which is also the order of eviction: milliseconds since the Unix
/// epoch; for one that never expires, when it was written, with the highest bit set.
pub(super) fn age(keep: Option<Duration>) -> u64 {
    const FOREVER: u64 = 1 << 63;
    let now = now_millis();
    match keep {
        None => FOREVER | now,
        Some(keep) => {
            let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
            now.saturating_add(keep).min(FOREVER - 1)
        }
    }
}

/// The age that a stored record begins with.
pub(super) fn age_of(stored: &[u8]) -> Option<u64> {
    stored
        .first_chunk::<AGE>()
        .map(|age| u64::from_le_bytes(*age))
}

pub(super) fn now_millis() -> u64 {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX) & !(1 << 63)
}
