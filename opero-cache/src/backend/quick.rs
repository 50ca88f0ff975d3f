//! `quick`: on quick_cache, for the hottest paths: a hit is a shard's read lock and a lookup, without any bookkeeping
//! queue.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use opero_core::key::BuildIdentity;
use opero_core::{Backend, BackendError, Instant, Key};
use quick_cache::{Lifecycle, UnitWeighter};

use super::{CacheBackend, CacheOptions, Entry, Peek};

/// Results in memory, evicted by S3-FIFO.
pub struct QuickCache {
    store: quick_cache::sync::Cache<Key, Entry, UnitWeighter, BuildIdentity, CountEvictions>,
    evictions: Arc<AtomicU64>,
}

impl QuickCache {
    /// An empty cache.
    pub fn new(options: &CacheOptions) -> Self {
        let evictions = Arc::new(AtomicU64::new(0));
        let capacity = options.capacity;
        let store = quick_cache::sync::Cache::with(
            usize::try_from(capacity).unwrap_or(usize::MAX),
            capacity,
            UnitWeighter,
            BuildIdentity::default(),
            CountEvictions(Arc::clone(&evictions)),
        );
        Self { store, evictions }
    }
}

crate::register_cache!("quick", |_, options| Ok(Arc::new(QuickCache::new(options))));

#[derive(Debug, Clone)]
struct CountEvictions(Arc<AtomicU64>);

impl Lifecycle<Key, Entry> for CountEvictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut Self::RequestState, _: Key, _: Entry) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for QuickCache {
    /// Without keys and entries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuickCache")
            .field("entries", &self.store.len())
            .finish_non_exhaustive()
    }
}

impl Backend for QuickCache {
    fn scheme(&self) -> &str {
        "quick"
    }
}

#[async_trait]
impl CacheBackend for QuickCache {
    #[inline]
    fn peek(&self, key: &Key) -> Peek {
        self.store.get(key).into()
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<(), BackendError> {
        self.store.insert(*key, entry);
        Ok(())
    }

    async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        self.store.remove(key);
        Ok(())
    }

    async fn clear(&self) -> Result<(), BackendError> {
        self.store.clear();
        Ok(())
    }

    async fn sweep(&self, now: Instant) -> Result<(), BackendError> {
        self.store.retain(|_, entry| !entry.is_expired(now));
        Ok(())
    }

    fn entries(&self) -> u64 {
        self.store.len() as u64
    }

    fn evictions(&self) -> u64 {
        self.evictions.load(Ordering::Relaxed)
    }
}
