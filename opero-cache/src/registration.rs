//! Registering backends, and opening them by their scheme.

use std::sync::{Arc, Mutex};

use opero_core::registry::Registration;
use opero_core::{BackendUri, ConfigError};

#[cfg(feature = "bytes")]
use crate::backend::ByteStore;
use crate::backend::CacheBackend;
use crate::config::CacheOptions;
use crate::tier::Tier;

/// Opens a backend. Called once for each function, at its first call; it should connect lazily.
pub type OpenCache = fn(&BackendUri, &CacheOptions) -> Result<Arc<dyn CacheBackend>, ConfigError>;

#[cfg(feature = "bytes")]
/// Opens a store of records. Called once for each function, at its first call; it should connect lazily.
pub type OpenStore = fn(&BackendUri, &CacheOptions) -> Result<Arc<dyn ByteStore>, ConfigError>;

/// A cache backend in the registry; see [`register_cache`](crate::register_cache) and
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
    ) -> Result<Tier, ConfigError> {
        Ok(match self.open {
            Open::Objects(open) => Tier::Objects(open(uri, options)?),
            #[cfg(feature = "bytes")]
            Open::Records(open) => Tier::Records(open(uri, options)?),
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
/// The second argument is an [`OpenCache`](crate::OpenCache): a function or a closure without captures.
#[macro_export]
macro_rules! register_cache {
    ($scheme:expr, $open:expr) => {
        $crate::__private::inventory::submit! { $crate::CacheRegistration::new($scheme, $open) }
    };
}

#[cfg(feature = "bytes")]
/// Registers a store of records under a scheme, in one line: `register_store!("mine", MyStore::open);`
///
/// The second argument is an [`OpenStore`](crate::OpenStore): a function or a closure without captures.
#[macro_export]
macro_rules! register_store {
    ($scheme:expr, $open:expr) => {
        $crate::__private::inventory::submit! { $crate::CacheRegistration::store($scheme, $open) }
    };
}
