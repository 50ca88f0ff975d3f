//! A function's part of an open database, as its callers see it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use opero_core::Key;
use opero_core::sync::lock;

use super::id::KeyspaceId;
use super::memtable::{Memtable, MemtableGet};

#[derive(Debug)]
pub(super) struct Keyspace {
    pub(super) id: KeyspaceId,
    memtable: Mutex<Memtable>,
    /// The memtable has a change. Most reads find that it has none, and take no lock.
    any: AtomicBool,
    /// Entries at most (`cache_capacity`); unbounded until a store says.
    pub(super) capacity: AtomicU64,
    /// Entries in the engine.
    pub(super) entries: AtomicU64,
    pub(super) evictions: AtomicU64,
}

impl Keyspace {
    pub(super) fn new(id: KeyspaceId) -> Self {
        Self {
            id,
            memtable: Mutex::default(),
            any: AtomicBool::new(false),
            capacity: AtomicU64::new(u64::MAX),
            entries: AtomicU64::new(0),
            evictions: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(super) fn get(&self, key: &Key) -> MemtableGet {
        if self.any.load(Ordering::Acquire) {
            lock(&self.memtable).get(key)
        } else {
            MemtableGet::Unknown
        }
    }

    /// Works on the memtable, and counts in `held` the bytes that all memtables hold.
    pub(super) fn memtable<R>(&self, held: &AtomicU64, work: impl FnOnce(&mut Memtable) -> R) -> R {
        let mut memtable = lock(&self.memtable);
        let before = memtable.bytes() as u64;
        let result = work(&mut memtable);
        let after = memtable.bytes() as u64;
        held.fetch_add(after.wrapping_sub(before), Ordering::Relaxed);
        self.any.store(!memtable.is_empty(), Ordering::Release);
        result
    }

    /// Entries, counting those twice that are pending in place of others.
    pub(super) fn entries(&self) -> u64 {
        let pending = lock(&self.memtable).len() as u64;
        self.entries.load(Ordering::Relaxed) + pending
    }
}
