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

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use opero_core::registry::Registration;
use opero_core::{Backend, BackendError, BackendUri, ConfigError, Instant, Key};

use crate::layer::Layer;

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
    /// A backend that cannot answer at once returns [`Peek::Ask`].
    fn peek(&self, key: &Key) -> Peek;

    /// Looks an entry up where [`peek`](Self::peek) said [`Peek::Ask`]. Dropped when the cache's patience ends.
    async fn get(&self, key: &Key) -> Result<Option<Entry>, BackendError> {
        Ok(match self.peek(key) {
            Peek::Hit(entry) => Some(entry),
            Peek::Miss | Peek::Ask => None,
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
    Ask,
}

impl From<Option<Entry>> for Peek {
    fn from(entry: Option<Entry>) -> Self {
        entry.map_or(Self::Miss, Self::Hit)
    }
}

/// What a backend is told when it is opened for a function.
///
/// ```
/// use opero_cache::CacheOptions;
///
/// let options = CacheOptions::default().with_namespace("shop").with_function("shop::price");
/// assert_eq!(options.capacity, 10_000);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CacheOptions {
    /// Entries kept (`cache_capacity`).
    pub capacity: u64,
    /// The first part of every key (`cache_namespace`).
    pub namespace: Arc<str>,
    /// The name of the cached function.
    pub function: Arc<str>,
}

impl Default for CacheOptions {
    /// 10,000 entries, the namespace `opero`, a function without a name.
    fn default() -> Self {
        crate::CacheConfig::default().options()
    }
}

impl CacheOptions {
    /// Changes how many entries are kept.
    #[must_use]
    pub fn with_capacity(mut self, capacity: u64) -> Self {
        self.capacity = capacity;
        self
    }

    /// Changes the first part of every key.
    #[must_use]
    pub fn with_namespace(mut self, namespace: &str) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Names the cached function.
    #[must_use]
    pub fn with_function(mut self, function: &str) -> Self {
        self.function = function.into();
        self
    }
}

/// Opens a backend. Called once for each function, at its first call; it should connect lazily.
pub type OpenCache = fn(&BackendUri, &CacheOptions) -> Result<Arc<dyn CacheBackend>, ConfigError>;

#[cfg(feature = "bytes")]
/// Opens a store of records. Called once for each function, at its first call; it should connect lazily.
pub type OpenStore = fn(&BackendUri, &CacheOptions) -> Result<Arc<dyn ByteStore>, ConfigError>;

/// A cache backend's entry in the registry; see [`register_cache`](crate::register_cache) and
/// [`register_store`](crate::register_store).
#[derive(Debug, Clone, Copy)]
pub struct CacheRegistration {
    scheme: &'static str,
    open: Open,
}

#[derive(Debug, Clone, Copy)]
enum Open {
    Objects(OpenCache),
    #[cfg(feature = "bytes")]
    Records(OpenStore),
}

impl CacheRegistration {
    /// Names a backend that keeps results as they are, and says how it is opened.
    pub const fn new(scheme: &'static str, open: OpenCache) -> Self {
        Self {
            scheme,
            open: Open::Objects(open),
        }
    }

    #[cfg(feature = "bytes")]
    /// Names a store that keeps results as bytes, and says how it is opened.
    pub const fn store(scheme: &'static str, open: OpenStore) -> Self {
        Self {
            scheme,
            open: Open::Records(open),
        }
    }

    pub(crate) fn open(
        &self,
        uri: &BackendUri,
        options: &CacheOptions,
    ) -> Result<Layer, ConfigError> {
        Ok(match self.open {
            Open::Objects(open) => Layer::Objects(open(uri, options)?),
            #[cfg(feature = "bytes")]
            Open::Records(open) => Layer::Records(open(uri, options)?),
        })
    }
}

opero_core::inventory::collect!(CacheRegistration);

impl Registration for CacheRegistration {
    const PARAMETER: &'static str = "cache_backend";
    const FEATURES: &'static [(&'static str, &'static str)] = &[
        ("memory", "cache-memory"),
        ("quick", "cache-quick"),
        ("disk", "cache-disk"),
        ("redb", "cache-redb"),
        ("redis", "redis"),
        ("rediss", "redis"),
        ("valkey", "redis"),
        ("valkeys", "redis"),
        ("unix", "redis"),
    ];

    fn scheme(&self) -> &'static str {
        self.scheme
    }

    fn registered() -> &'static Mutex<Vec<&'static Self>> {
        static REGISTERED: Mutex<Vec<&'static CacheRegistration>> = Mutex::new(Vec::new());
        &REGISTERED
    }
}

/// Registers a cache backend under a scheme, in one line: `register_cache!("mine", MyCache::open);`
///
/// The second argument is an [`OpenCache`](crate::backend::OpenCache): a function or a closure without captures.
#[macro_export]
macro_rules! register_cache {
    ($scheme:expr, $open:expr) => {
        $crate::__private::inventory::submit! { $crate::CacheRegistration::new($scheme, $open) }
    };
}

#[cfg(feature = "bytes")]
/// Registers a store of records under a scheme, in one line: `register_store!("mine", MyStore::open);`
///
/// The second argument is an [`OpenStore`](crate::backend::OpenStore): a function or a closure without captures.
#[macro_export]
macro_rules! register_store {
    ($scheme:expr, $open:expr) => {
        $crate::__private::inventory::submit! { $crate::CacheRegistration::store($scheme, $open) }
    };
}
