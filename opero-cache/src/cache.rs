use std::sync::Arc;

use opero_core::{
    Arguments, Attempt, BackendError, BackendUri, ConfigError, Context, Keeping, Operation,
    Outcome, Slot,
};

#[cfg(feature = "bytes")]
use crate::backend::ByteStore;
use crate::backend::CacheBackend;
use crate::compute::Compute;
use crate::config::CacheConfig;
use crate::freshness::Lookup;
use crate::keys::Keys;
use crate::lookup;
use crate::namespace;
use crate::stats::CacheStats;
use crate::store::Store;
use crate::tier::Tier;
use crate::tiers::Tiers;

/// The cache stage: answers a call from its backend, or executes it once and stores the result.
///
/// It stores `Ok` only. A cache failure never fails a call: the function runs as on a miss, and an event reports the failure.
/// Concurrent calls with one key execute once, whatever the backend is; where the backend is shared and has leases, once over
/// all processes.
///
/// A call without a key passes by: it executes, and nothing is stored. So do closures in [`Stage::run`](opero_core::Stage::run)
/// and [`Stage::run_sync`](opero_core::Stage::run_sync), whose arguments are not known; [`get_or_run`](Cache::get_or_run) and
/// [`get_or_run_sync`](Cache::get_or_run_sync) take them beside the closure.
#[derive(Debug)]
pub struct Cache {
    pub(crate) keys: Keys,
    pub(crate) compute: Compute,
    config: CacheConfig,
}

impl Cache {
    /// Opens the backend that `uri` names, for one function; or two, L1 first, as in `memory+redis://host`. Behind the URL of
    /// two, `?l1_ttl=10s` sets [`CacheConfig::l1_ttl`].
    ///
    /// # Errors
    /// Bad values in `config`, an unknown backend, or what the backend reports when it is opened.
    pub fn open(uri: &BackendUri, config: CacheConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut config = config;
        let tiers = Tiers::open(uri, &mut config)?;
        Self::new(tiers, config)
    }

    /// Creates a cache on a backend, registered or not.
    ///
    /// # Errors
    /// Bad values in `config`.
    pub fn with_backend(
        backend: Arc<dyn CacheBackend>,
        config: CacheConfig,
    ) -> Result<Self, ConfigError> {
        Self::new(Tier::Objects(backend).into(), config)
    }

    /// Creates a cache on a store of records, registered or not.
    ///
    /// # Errors
    /// Bad values in `config`.
    #[cfg(feature = "bytes")]
    pub fn with_store(store: Arc<dyn ByteStore>, config: CacheConfig) -> Result<Self, ConfigError> {
        Self::new(Tier::Records(store).into(), config)
    }

    fn new(tiers: Tiers, config: CacheConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let keys = Keys::new(&tiers, &config);
        let compute = Compute::new(Store::new(tiers, &config));
        namespace::register(
            &config.namespace,
            compute.store.tiers.iter(),
            &compute.flights,
            config.backend_timeout,
        );
        Ok(Self {
            keys,
            compute,
            config,
        })
    }

    /// Returns the backend's name; of two, that of L2.
    pub fn scheme(&self) -> &str {
        self.compute.store.tiers.last().scheme()
    }

    /// Checks that the backends are reachable.
    ///
    /// # Errors
    /// The first backend's that is not.
    pub async fn ping(&self) -> Result<(), BackendError> {
        self.compute.store.tiers.ping().await
    }

    /// Writes out what the backends hold in memory only, and closes them. Calls after it may run without the cache.
    ///
    /// # Errors
    /// The first backend's that failed; the other is closed all the same.
    pub async fn close(&self) -> Result<(), BackendError> {
        self.compute.store.tiers.close().await
    }

    /// Returns the configuration that this cache was opened with.
    pub const fn config(&self) -> &CacheConfig {
        &self.config
    }

    /// Returns the counts since it was opened.
    pub fn stats(&self) -> CacheStats {
        let (counters, tiers) = (&self.compute.counters, &self.compute.store.tiers);
        CacheStats {
            hits: counters.hits.get(),
            stale: counters.stale.get(),
            coalesced: counters.coalesced.get(),
            misses: counters.misses.get(),
            inserts: counters.inserts.get(),
            evictions: tiers.iter().map(Tier::evictions).sum(),
            entries: tiers.last().entries(),
        }
    }

    /// Returns `true` if a tier keeps records: a call is then found under its [stable key](Arguments::stable_key).
    #[inline]
    pub const fn has_records(&self) -> bool {
        self.keys.are_stable()
    }

    /// Returns `true` if a result may be served while it is refreshed.
    #[inline]
    pub(crate) const fn refreshes(&self) -> bool {
        self.compute.store.freshness.refreshes()
    }

    /// Returns `true` if there is one tier, of objects, and no result is served while it is refreshed.
    pub(crate) fn is_plain(&self) -> bool {
        let tiers = &self.compute.store.tiers;
        !self.refreshes() && tiers.l2.is_none() && matches!(tiers.first, Tier::Objects(_))
    }

    /// Looks up the result of a call, and runs nothing. A stale result is found as long as it may serve. The lookup counts as
    /// no hit, and emits no event.
    pub async fn get<T, E, N>(&self, cx: &Context<'_>, operation: &N) -> Option<T>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        let mut slot = Slot::new(operation.policy(), Some(Keeping::CLONE));
        let found = self.get_call(cx, operation.arguments(), &mut slot).await;
        slot.take_value().filter(|_| found)
    }

    /// [`get`](Self::get) for a call whose types are forgotten. Returns `true` if the outcome has the value.
    pub async fn get_call(
        &self,
        cx: &Context<'_>,
        arguments: &dyn Arguments,
        outcome: &mut dyn Outcome,
    ) -> bool {
        let Ok(Some(key)) = self
            .keys
            .key_of(cx, arguments, outcome.codec_type().is_some())
        else {
            return false;
        };
        let found = lookup::find(&self.compute.store, cx, outcome, &key).await;
        matches!(found, Lookup::Hit(_))
    }

    /// Stores the result of a call, as if the function had returned it just now.
    pub async fn insert<T, E, N>(&self, cx: &Context<'_>, operation: &N, value: &T)
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        let mut slot = Slot::new(operation.policy(), Some(Keeping::CLONE));
        slot.put(Attempt::FIRST, Ok(value.clone()));
        self.insert_call(cx, operation.arguments(), &mut slot).await;
    }

    /// [`insert`](Self::insert) for a call whose types are forgotten: stores the outcome's value.
    pub async fn insert_call(
        &self,
        cx: &Context<'_>,
        arguments: &dyn Arguments,
        outcome: &mut dyn Outcome,
    ) {
        if let Ok(Some(key)) = self
            .keys
            .key_of(cx, arguments, outcome.codec_type().is_some())
        {
            self.compute.replace(cx, outcome, &key).await;
        }
    }

    /// Drops the result of a call. An execution under way does not store it again: its followers get the value, later callers
    /// do not.
    ///
    /// # Errors
    /// The backend's: the entry may still be there.
    pub async fn remove<T: Send, E: Send, N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        operation: &N,
    ) -> Result<(), BackendError> {
        let mut slot = Slot::new(operation.policy(), None);
        self.remove_call(cx, operation.arguments(), &mut slot).await
    }

    /// [`remove`](Self::remove) for a call whose types are forgotten.
    ///
    /// # Errors
    /// The backend's: the entry may still be there.
    pub async fn remove_call(
        &self,
        cx: &Context<'_>,
        arguments: &dyn Arguments,
        outcome: &mut dyn Outcome,
    ) -> Result<(), BackendError> {
        match self
            .keys
            .key_of(cx, arguments, outcome.codec_type().is_some())
        {
            Ok(Some(key)) => {
                self.compute.flights.forget(&key);
                self.compute.store.remove(&key).await
            }
            _ => Ok(()),
        }
    }

    /// Drops every result of this function; executions under way store none of theirs.
    ///
    /// # Errors
    /// The backend's: entries may still be there.
    pub async fn clear(&self) -> Result<(), BackendError> {
        self.compute.flights.forget_all();
        self.compute.store.clear().await
    }
}
