//! Every promise of a backend, to be run against any: ours, and one that you wrote.
//!
//! A test of yours is one line, for a [`CacheBackend`]
//!
//! ```
//! use opero_cache::conformance;
//! # #[cfg(feature = "memory")]
//! # fn main() -> Result<(), conformance::Failure> {
//! # use std::sync::Arc;
//! # use opero_cache::backend::MemoryCache as MyCache;
//!
//! // #[test]
//! // fn my_cache_keeps_its_promises() -> Result<(), conformance::Failure> {
//! conformance::objects(|options| Ok(Arc::new(MyCache::new(options))))
//! // }
//! # }
//! # #[cfg(not(feature = "memory"))]
//! # fn main() {}
//! ```
//!
//! and for a [`ByteStore`] ([`store`]). What is broken is named, all of it, with what was seen: each promise has a backend to
//! itself, and goes on where another one is broken.
//!
//! The suites drive the backend from plain threads, as synchronous functions do. They need some seconds with a store on a
//! disk or a server, and leave nothing behind in it: what they open has names of their own, and is cleared.

mod failure;
mod objects;
mod run;
mod store;

use std::sync::Arc;

use opero_core::ConfigError;

use crate::{ByteStore, CacheBackend, CacheOptions};

pub use failure::Failure;

/// Runs every promise of a [`CacheBackend`] against what `open` opens.
///
/// `open` is called many times, with the options of different functions, and often twice at once.
///
/// # Errors
/// The promises that are broken.
pub fn objects<F>(open: F) -> Result<(), Failure>
where
    F: Fn(&CacheOptions) -> Result<Arc<dyn CacheBackend>, ConfigError>,
{
    run::run(objects::PROMISES.iter(), &open)
}

/// Runs every promise of a [`ByteStore`] against what `open` opens.
///
/// `open` is called many times, with the options of different functions, and often twice at once.
///
/// ```
/// use std::{collections::HashMap, sync::{Arc, Mutex}, time::Duration};
/// use opero_cache::conformance::{self, Lifetime};
/// use opero_cache::{Backend, BackendError, ByteStore, Key, async_trait};
///
/// #[derive(Default)]
/// struct MapStore(Mutex<HashMap<Key, Vec<u8>>>);
///
/// impl std::fmt::Debug for MapStore {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         f.write_str("MapStore") // derived, it would show the records
///     }
/// }
///
/// impl Backend for MapStore {
///     fn scheme(&self) -> &'static str { "map-store" }
/// }
///
/// #[async_trait]
/// impl ByteStore for MapStore {
///     async fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, BackendError> {
///         Ok(self.0.lock().unwrap().get(key).cloned())
///     }
///     async fn put(&self, key: &Key, record: Vec<u8>, _: Option<Duration>) -> Result<(), BackendError> {
///         self.0.lock().unwrap().insert(*key, record);
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
/// # fn main() -> Result<(), conformance::Failure> {
/// conformance::store(Lifetime::Handle, |_| Ok(Arc::new(MapStore::default())))
/// # }
/// ```
///
/// # Errors
/// The promises that are broken.
pub fn store<F>(lifetime: Lifetime, open: F) -> Result<(), Failure>
where
    F: Fn(&CacheOptions) -> Result<Arc<dyn ByteStore>, ConfigError>,
{
    let outliving = match lifetime {
        Lifetime::Handle => &[],
        Lifetime::Store => store::OUTLIVING,
    };
    run::run(store::PROMISES.iter().chain(outliving), &open)
}

/// How long the records of a store live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// As long as the handle that put them: another one sees none of them.
    Handle,
    /// Beyond the handle, on a disk or a server: another one that is opened with the same options, beside it or after it,
    /// sees them, and they share their leases.
    Store,
}
