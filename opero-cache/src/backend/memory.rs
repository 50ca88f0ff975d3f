//! `memory`: on moka, at any number of threads.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use moka::notification::RemovalCause;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use opero_core::key::BuildIdentity;
use opero_core::{Backend, BackendError, Instant, Key};

use super::{CacheBackend, Entry, Peek};
use crate::config::CacheOptions;

/// Results in memory, the least recently used evicted.
///
/// What was put last is there until as many others were put or used: moka's own policy, TinyLFU, would turn a new result away
/// for those that are used often, so it would be computed again and again, and what was inserted by hand would be gone.
/// In exchange, arguments that come once push out others; where there are many of those, `quick` keeps more.
///
/// What is removed or cleared is freed at once, unless another thread is just at work in a cache: then with one of the next calls.
///
/// moka is not told of the TTL: its own clock cannot be replaced, and the pipeline's clock governs expiry.
pub struct MemoryCache {
    store: moka::sync::Cache<Key, Entry, BuildIdentity>,
    evictions: Arc<AtomicU64>,
}

impl MemoryCache {
    /// An empty cache.
    pub fn new(options: &CacheOptions) -> Self {
        let evictions = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&evictions);
        let store = moka::sync::Cache::builder()
            .max_capacity(options.capacity)
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            })
            .build_with_hasher(BuildIdentity::default());
        Self { store, evictions }
    }

    /// Frees what was removed: moka does that with later calls, and hands the memory to crossbeam-epoch, which takes some
    /// rounds. Both together take a few microseconds.
    fn free(&self) {
        const ROUNDS: usize = 4;
        for _ in 0..ROUNDS {
            self.store.run_pending_tasks();
        }
    }
}

crate::register_cache!("memory", |_, options| Ok(Arc::new(MemoryCache::new(
    options
))));

impl fmt::Debug for MemoryCache {
    /// Without keys and entries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryCache")
            .field("entries", &self.store.entry_count())
            .finish_non_exhaustive()
    }
}

impl Backend for MemoryCache {
    fn scheme(&self) -> &str {
        "memory"
    }
}

#[async_trait]
impl CacheBackend for MemoryCache {
    #[inline]
    fn peek(&self, key: &Key) -> Peek {
        self.store.get(key).into()
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<(), BackendError> {
        self.store.insert(*key, entry);
        Ok(())
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        self.store.invalidate(key);
        self.free();
        Ok(())
    }

    async fn clear(&self) -> Result<(), BackendError> {
        self.store.invalidate_all();
        // A round ends after a while, before it is through with a large cache.
        let mut left = u64::MAX;
        while self.store.entry_count() < left {
            left = self.store.entry_count();
            self.store.run_pending_tasks();
        }
        self.free();
        Ok(())
    }

    async fn sweep(&self, now: Instant) -> Result<(), BackendError> {
        for (key, entry) in &self.store {
            if entry.is_expired(now) {
                // Looked at again under the entry's lock: a fresh one may have taken its place.
                self.store
                    .entry(*key)
                    .and_compute_with(|current| match current {
                        Some(current) if current.value().is_expired(now) => Op::Remove,
                        _ => Op::Nop,
                    });
            }
        }
        self.free();
        Ok(())
    }

    fn entries(&self) -> u64 {
        self.store.run_pending_tasks();
        self.store.entry_count()
    }

    fn evictions(&self) -> u64 {
        self.store.run_pending_tasks();
        self.evictions.load(Ordering::Relaxed)
    }
}
