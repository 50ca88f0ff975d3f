//! Clearing every function of a namespace.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use opero_core::BackendError;
use opero_core::sync::lock;

use crate::flight::Flights;
use crate::layer::{Layer, WeakLayer};
use crate::patience::clearing;

/// The open caches. Closed ones leave dead references, dropped when the next cache is opened.
static OPEN: Mutex<Vec<OpenCache>> = Mutex::new(Vec::new());

struct OpenCache {
    namespace: Arc<str>,
    layers: Vec<WeakLayer>,
    flights: Weak<Flights>,
    patience: Duration,
}

pub(crate) fn enrol<'l>(
    namespace: &Arc<str>,
    layers: impl Iterator<Item = &'l Layer>,
    flights: &Arc<Flights>,
    patience: Duration,
) {
    let mut open = lock(&OPEN);
    open.retain(|cache| cache.flights.strong_count() > 0);
    open.push(OpenCache {
        namespace: Arc::clone(namespace),
        layers: layers.map(Layer::downgrade).collect(),
        flights: Arc::downgrade(flights),
        patience,
    });
}

/// Drops every entry of every function in `namespace` (`cache_namespace`): of those that this process has called so far,
/// and in a store that it shares with other processes of all of them.
///
/// # Errors
/// The first backend's that failed; the others are cleared all the same.
pub async fn clear_namespace(namespace: &str) -> Result<(), BackendError> {
    let mut caches = Vec::new();
    for cache in lock(&OPEN).iter() {
        if *cache.namespace == *namespace
            && let Some(flights) = cache.flights.upgrade()
        {
            let layers: Vec<_> = cache.layers.iter().map(WeakLayer::upgrade).collect();
            caches.push((layers, flights, cache.patience));
        }
    }
    let mut result = Ok(());
    for (layers, flights, patience) in caches {
        flights.detach_all();
        for layer in layers.into_iter().flatten() {
            result = result.and(clearing(layer.limit(patience), layer.clear_namespace()).await);
        }
    }
    result
}
