//! `quick`: on quick_cache, for the hottest paths: a hit is a shard's read lock and a lookup, without any bookkeeping
//! queue.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use opero_core::key::BuildIdentity;
use opero_core::{Backend, BackendError, Instant, Key};
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, UnitWeighter};

use super::{CacheBackend, Entry, Peek};
use crate::config::CacheOptions;

/// Results in memory, evicted by a variant of Clock-PRO, which keeps what is used more than once: a new result may be the first to go.
///
/// It counts in shards of a thousand entries or more, and each evicts for itself. For as many entries as `cache_capacity` says
/// to find room however they spread, the shards together have up to a sixth more; one of less than 2,000 entries is one shard, and has
/// no more.
pub struct QuickCache {
    store: Cache<Key, Entry, UnitWeighter, BuildIdentity, CountEvictions>,
    evictions: Arc<AtomicU64>,
}

impl QuickCache {
    /// An empty cache.
    pub fn new(options: &CacheOptions) -> Self {
        let evictions = Arc::new(AtomicU64::new(0));
        let (shards, capacity) = sizes(options.capacity, cores());
        let items = usize::try_from(capacity).unwrap_or(usize::MAX);
        let sizes = OptionsBuilder::new()
            .shards(shards)
            .estimated_items_capacity(items)
            .weight_capacity(capacity)
            .build();
        let (hasher, counting) = (
            BuildIdentity::default(),
            CountEvictions(Arc::clone(&evictions)),
        );
        let store = match sizes {
            Ok(sizes) => Cache::with_options(sizes, UnitWeighter, hasher, counting),
            // Only where one of the sizes is missing.
            Err(_) => Cache::with(items, capacity, UnitWeighter, hasher, counting),
        };
        Self { store, evictions }
    }
}

/// How many shards there are, and the entries of all of them: each has room for its part of `capacity`, and for five standard
/// deviations more where keys spread over several. A shard of fewer than a thousand would need too much of that.
fn sizes(capacity: u64, cores: usize) -> (usize, u64) {
    const LEAST: u64 = 1_000;
    // As many as quick_cache takes by itself, at most.
    let most = (4 * cores as u64).next_power_of_two();
    let shards = (capacity / LEAST).clamp(1, most);
    // A power of two, as quick_cache has it.
    let shards = 1 << shards.ilog2();
    if shards == 1 {
        return (1, capacity);
    }
    let part = capacity.div_ceil(shards);
    let room = part.saturating_add(5 * part.isqrt());
    (shards as usize, room.saturating_mul(shards))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_room_for_uneven_shards_is_a_sixth_at_most(capacity in 1..=u64::MAX, small in 1..100_000_u64, cores in 1..=1_024_usize) {
            for capacity in [capacity, small] {
                let (shards, room) = sizes(capacity, cores);
                prop_assert!(shards.is_power_of_two() && shards <= (4 * cores).next_power_of_two());
                prop_assert!(room >= capacity && room - capacity <= capacity / 6 + shards as u64);
                prop_assert!(capacity >= 2_000 || room == capacity);
            }
        }
    }
}
