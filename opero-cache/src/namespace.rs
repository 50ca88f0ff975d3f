//! Clearing every function of a namespace.

use std::sync::{Arc, Mutex, Weak};

use opero_core::BackendError;
use opero_core::sync::lock;

use crate::backend::CacheBackend;
use crate::flight::Flights;

/// The open caches. Closed ones leave dead references, dropped when the next cache is opened.
static OPEN: Mutex<Vec<OpenCache>> = Mutex::new(Vec::new());

struct OpenCache {
    namespace: Arc<str>,
    backend: Weak<dyn CacheBackend>,
    flights: Weak<Flights>,
}

pub(crate) fn enrol(namespace: &Arc<str>, backend: &Arc<dyn CacheBackend>, flights: &Arc<Flights>) {
    let mut open = lock(&OPEN);
    open.retain(|cache| cache.flights.strong_count() > 0);
    open.push(OpenCache {
        namespace: Arc::clone(namespace),
        backend: Arc::downgrade(backend),
        flights: Arc::downgrade(flights),
    });
}

/// Drops every entry of every function in `namespace` (`cache_namespace`) that this process has called so far.
///
/// # Errors
/// The first backend's that failed; the others are cleared all the same.
pub async fn clear_namespace(namespace: &str) -> Result<(), BackendError> {
    let caches: Vec<_> = lock(&OPEN)
        .iter()
        .filter(|cache| *cache.namespace == *namespace)
        .filter_map(|cache| Some((cache.backend.upgrade()?, cache.flights.upgrade()?)))
        .collect();
    let mut result = Ok(());
    for (backend, flights) in caches {
        flights.detach_all();
        result = result.and(backend.clear().await);
    }
    result
}
