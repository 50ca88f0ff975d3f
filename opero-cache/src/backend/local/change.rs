//! What the engines keep: records under ids, and how many there are.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opero_core::Key;
use opero_core::stable::KeySpace;

use super::journal::Frame;

/// A function's part of a database: 64 bits of its namespace, 64 bits of its name, so that a namespace is a range.
///
/// A collision would make two functions share a capacity and a `clear`, never a record: keys differ by function too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SpaceId(pub(crate) u128);

impl SpaceId {
    /// No function's: its count is the number of the last journal whose content is in the engine, so that this is written
    /// in one batch with the content. A journal that should have been removed and was not is known by it.
    pub(super) const APPLIED: Self = Self(u128::MAX);

    pub(super) fn new(namespace: &str, function: &str) -> Self {
        let half = |parts: &[&str]| KeySpace::new(parts).key(b"space").as_u128() as u64;
        let (namespace, function) = (half(&[namespace]), half(&[namespace, function]));
        Self(u128::from(namespace) << 64 | u128::from(function))
    }

    pub(super) fn is_in_namespace_of(self, other: Self) -> bool {
        self.0 >> 64 == other.0 >> 64
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

/// The key of a record in an engine: the space and the call's key, most significant byte first, so that a space is a range.
pub(crate) type Id = [u8; 32];

pub(crate) fn id_of(space: SpaceId, key: u128) -> Id {
    let mut id = [0; 32];
    let (first, second) = id.split_at_mut(16);
    first.copy_from_slice(&space.to_bytes());
    second.copy_from_slice(&key.to_be_bytes());
    id
}

pub(super) fn id(space: SpaceId, key: Key) -> Id {
    id_of(space, key.as_u128())
}

pub(super) fn space_of(id: &Id) -> SpaceId {
    let mut space = [0; 16];
    space.copy_from_slice(&id[..16]);
    SpaceId(u128::from_be_bytes(space))
}

/// A record to be written or, where there is none, removed.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) id: Id,
    pub(crate) record: Option<Arc<Frame>>,
}

impl Change {
    /// What the engine is to keep under the id; `None`: nothing.
    pub(crate) fn stored(&self) -> Option<&[u8]> {
        self.record.as_ref().map(|frame| frame.stored())
    }
}

/// Records of a space, and their bytes, keys included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

impl Totals {
    /// As a value of 16 bytes.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.entries) << 64 | u128::from(self.bytes)).to_be_bytes()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let number = u128::from_be_bytes(bytes.try_into().ok()?);
        Some(Self {
            entries: (number >> 64) as u64,
            bytes: number as u64,
        })
    }

    pub(super) fn add(&mut self, stored: usize) {
        self.entries = self.entries.saturating_add(1);
        self.bytes = self.bytes.saturating_add(weight(stored));
    }

    pub(super) fn take(&mut self, stored: usize) {
        self.entries = self.entries.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(weight(stored));
    }
}

/// What a record counts for `max_bytes`.
fn weight(stored: usize) -> u64 {
    (stored + size_of::<Id>()) as u64
}

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
