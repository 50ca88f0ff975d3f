//! Changes of an engine's records, and the totals that they make.

use std::sync::Arc;

use super::id::Id;
use super::wal::Frame;

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

/// Records of a keyspace, and their bytes, keys included.
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
