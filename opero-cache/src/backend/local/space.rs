//! A function's part of an open database, as its callers see it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use opero_core::Key;
use opero_core::sync::lock;

use super::change::SpaceId;
use super::pending::{Known, Pending};

#[derive(Debug)]
pub(super) struct Space {
    pub(super) id: SpaceId,
    pending: Mutex<Pending>,
    /// Is anything pending? Most reads find that nothing is, and take no lock.
    any: AtomicBool,
    /// Entries at most (`cache_capacity`); unbounded until a store says.
    pub(super) capacity: AtomicU64,
    /// Entries in the engine.
    pub(super) entries: AtomicU64,
    pub(super) evictions: AtomicU64,
}

impl Space {
    pub(super) fn new(id: SpaceId) -> Self {
        Self {
            id,
            pending: Mutex::default(),
            any: AtomicBool::new(false),
            capacity: AtomicU64::new(u64::MAX),
            entries: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(super) fn look(&self, key: &Key) -> Known {
        if self.any.load(Ordering::Acquire) {
            lock(&self.pending).look(key)
        } else {
            Known::Nothing
        }
    }

    /// Works on what is pending, and keeps count in `held` of the bytes that all spaces hold.
    pub(super) fn pending<R>(&self, held: &AtomicU64, work: impl FnOnce(&mut Pending) -> R) -> R {
        let mut pending = lock(&self.pending);
        let before = pending.bytes() as u64;
        let result = work(&mut pending);
        let after = pending.bytes() as u64;
        held.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        self.any.store(!pending.is_empty(), Ordering::Release);
        result
    }

    /// Entries, counting those twice that are pending in place of others.
    pub(super) fn entries(&self) -> u64 {
        let pending = lock(&self.pending).len() as u64;
        self.entries.load(Ordering::Relaxed) + pending
    }
}
