//! Clearing every function of a namespace.

use std::sync::{Arc, Mutex, Weak};

use opero_core::BackendError;
use opero_core::sync::lock;

use crate::backend::CacheBackend;

/// The open caches, by namespace. Closed ones leave a dead `Weak`, dropped when the next cache is opened.
static OPEN: Mutex<Vec<OpenCache>> = Mutex::new(Vec::new());

type OpenCache = (Arc<str>, Weak<dyn CacheBackend>);

pub(crate) fn enrol(namespace: &Arc<str>, backend: &Arc<dyn CacheBackend>) {
    let mut open = lock(&OPEN);
    open.retain(|(_, backend)| backend.strong_count() > 0);
    open.push((Arc::clone(namespace), Arc::downgrade(backend)));
}

/// Drops every entry of every function in `namespace` (`cache_namespace`) that this process has called so far.
///
/// # Errors
/// The first backend's that failed; the others are cleared all the same.
pub async fn clear_namespace(namespace: &str) -> Result<(), BackendError> {
    let backends: Vec<_> = lock(&OPEN)
        .iter()
        .filter(|(name, _)| **name == *namespace)
        .filter_map(|(_, backend)| backend.upgrade())
        .collect();
    let mut result = Ok(());
    for backend in backends {
        result = result.and(backend.clear().await);
    }
    result
}
