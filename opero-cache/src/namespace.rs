//! Clearing every function of a namespace.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use opero_core::BackendError;
use opero_core::sync::lock;

use crate::flight::Flights;
use crate::tier::{Tier, WeakTier};
use crate::timeout::within_clear;

/// The open caches. Closed ones leave dead references, dropped when the next cache is opened.
static OPEN: Mutex<Vec<OpenCache>> = Mutex::new(Vec::new());

struct OpenCache {
    namespace: Arc<str>,
    tiers: Vec<WeakTier>,
    flights: Weak<Flights>,
    timeout: Duration,
}

pub(crate) fn register<'l>(
    namespace: &Arc<str>,
    tiers: impl Iterator<Item = &'l Tier>,
    flights: &Arc<Flights>,
    timeout: Duration,
) {
    let mut open = lock(&OPEN);
    open.retain(|cache| cache.flights.strong_count() > 0);
    open.push(OpenCache {
        namespace: Arc::clone(namespace),
        tiers: tiers.map(Tier::downgrade).collect(),
        flights: Arc::downgrade(flights),
        timeout,
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
            let tiers: Vec<_> = cache.tiers.iter().map(WeakTier::upgrade).collect();
            caches.push((tiers, flights, cache.timeout));
        }
    }
    let mut result = Ok(());
    for (tiers, flights, timeout) in caches {
        flights.forget_all();
        for tier in tiers.into_iter().flatten() {
            result = result.and(within_clear(tier.limit(timeout), tier.clear_namespace()).await);
        }
    }
    result
}
