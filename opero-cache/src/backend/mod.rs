//! Where results are kept.

#[cfg(feature = "bytes")]
mod bytes;
#[cfg(feature = "disk")]
mod disk;
#[cfg(any(feature = "disk", feature = "redb"))]
mod local;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "quick")]
mod quick;
#[cfg(feature = "redb")]
mod redb;
#[cfg(feature = "redis")]
mod redis;

use async_trait::async_trait;
use opero_core::{Backend, BackendError, Instant, Key};

pub use opero_core::Entry;

#[cfg(feature = "bytes")]
pub use bytes::{ByteStore, Claim, Lease, Spot};
#[cfg(feature = "disk")]
pub use disk::DiskCache;
#[cfg(feature = "memory")]
pub use memory::MemoryCache;
#[cfg(feature = "quick")]
pub use quick::QuickCache;
#[cfg(feature = "redb")]
pub use redb::RedbCache;
#[cfg(feature = "redis")]
pub use redis::RedisCache;

/// A store of results.
///
/// It keeps entries as they are and hands them back as they are: whether an entry has expired is decided by the stage,
/// on the pipeline's clock. It may drop any entry at any time. What it cannot do it reports as an error: the call then
/// runs without the cache.
///
/// ```
/// use std::{collections::HashMap, sync::Mutex};
/// use opero_cache::{CacheBackend, CacheOptions, Entry, Peek, register_cache};
/// use opero_core::{Backend, BackendError, Key, async_trait};
///
/// #[derive(Debug, Default)]
/// struct MapCache(Mutex<HashMap<Key, Entry>>);
///
/// impl Backend for MapCache {
///     fn scheme(&self) -> &'static str { "map" }
/// }
///
/// #[async_trait]
/// impl CacheBackend for MapCache {
///     fn peek(&self, key: &Key) -> Peek {
///         self.0.lock().unwrap().get(key).cloned().into()
///     }
///     async fn put(&self, key: &Key, entry: Entry) -> Result<(), BackendError> {
///         self.0.lock().unwrap().insert(*key, entry);
///         Ok(())
///     }
///     async fn remove(&self, key: &Key) -> Result<(), BackendError> {
///         self.0.lock().unwrap().remove(key);
///         Ok(())
///     }
///     async fn clear(&self) -> Result<(), BackendError> {
///         self.0.lock().unwrap().clear();
///         Ok(())
///     }
/// }
///
/// register_cache!("map", |_, _| Ok(std::sync::Arc::new(MapCache::default())));
/// ```
#[async_trait]
pub trait CacheBackend: Backend {
    /// Looks an entry up without blocking, waiting or boxing: the whole cost of a hit in memory.
    ///
    /// A backend that cannot answer at once returns [`Peek::NeedsAsync`].
    fn peek(&self, key: &Key) -> Peek;

    /// Looks an entry up where [`peek`](Self::peek) said [`Peek::NeedsAsync`]. Dropped at the cache's timeout.
    async fn get(&self, key: &Key) -> Result<Option<Entry>, BackendError> {
        Ok(match self.peek(key) {
            Peek::Hit(entry) => Some(entry),
            Peek::Miss | Peek::NeedsAsync => None,
        })
    }

    /// Keeps an entry, in place of an earlier one with this key.
    async fn put(&self, key: &Key, entry: Entry) -> Result<(), BackendError>;

    /// Drops an entry, if it is there.
    async fn remove(&self, key: &Key) -> Result<(), BackendError>;

    /// Drops every entry of the function that this backend was opened for.
    async fn clear(&self) -> Result<(), BackendError>;

    /// Drops what has expired at `now`. Asked for now and then, in a put; backends that expire by themselves do nothing.
    async fn sweep(&self, now: Instant) -> Result<(), BackendError> {
        let _ = now;
        Ok(())
    }

    /// Entries held now, as far as it is known.
    fn entries(&self) -> u64 {
        0
    }

    /// Entries dropped to make room, since it was opened.
    fn evictions(&self) -> u64 {
        0
    }
}

/// What a look without waiting found.
#[derive(Debug, Clone)]
pub enum Peek {
    /// The entry.
    Hit(Entry),
    /// There is none.
    Miss,
    /// Only [`CacheBackend::get`] can tell.
    NeedsAsync,
}

impl From<Option<Entry>> for Peek {
    fn from(entry: Option<Entry>) -> Self {
        entry.map_or(Self::Miss, Self::Hit)
    }
}
