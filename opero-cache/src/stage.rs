use std::sync::Arc;
use std::sync::atomic::AtomicU64;

#[cfg(feature = "bytes")]
use opero_core::Outcome;
use opero_core::mechanism::pass_through;
use opero_core::{
    Attempt, BackendError, BackendUri, ConfigError, Context, Error, Event, Keeping, Key, Mechanism,
    Next, Operation, Stage,
};

#[cfg(feature = "bytes")]
use crate::backend::ByteStore;
use crate::backend::CacheBackend;
use crate::config::CacheConfig;
use crate::flight::Flights;
use crate::layer::{self, Layer};
use crate::lead::First;
use crate::look::{Age, Look};
use crate::namespace;
use crate::refresh::Tickets;
use crate::stats::{CacheStats, Counter};

/// The cache stage: answers a call from its backend, or has it executed once and keeps the result.
///
/// Only `Ok` is kept. The cache is an aid: where the backend fails, calls run without it, and an event says so.
/// Concurrent calls with one key execute once, whatever the backend; where the backend is shared and has leases, over all
/// processes.
///
/// A call without a key passes by: it is executed and nothing is kept. So are closures in [`Stage::run`] and
/// [`Stage::run_sync`], whose arguments nobody sees; [`get_or_run`](Cache::get_or_run) and
/// [`get_or_run_sync`](Cache::get_or_run_sync) take them beside the closure.
#[derive(Debug)]
pub struct Cache {
    pub(crate) near: Layer,
    pub(crate) far: Option<Layer>,
    /// Makes the keys, where a layer keeps records.
    #[cfg(feature = "bytes")]
    pub(crate) space: Option<opero_core::stable::KeySpace>,
    pub(crate) config: CacheConfig,
    /// Do other processes claim in one of the backends?
    #[cfg(feature = "bytes")]
    pub(crate) shares: bool,
    /// Is an entry refreshed before it is dropped?
    pub(crate) renews: bool,
    pub(crate) flights: Arc<Flights>,
    pub(crate) refreshing: Tickets,
    /// The next sweep, in nanoseconds of the pipeline's clock.
    pub(crate) next_sweep: AtomicU64,
    /// Boxed: they are wide, and the cache of a decorated function is part of a static.
    pub(crate) counters: Box<Counters>,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) hits: Counter,
    pub(crate) stale: Counter,
    pub(crate) coalesced: Counter,
    pub(crate) misses: Counter,
    pub(crate) inserts: Counter,
}

impl Cache {
    /// Opens the backend that `uri` names, for one function; or two, the nearer one first, as in
    /// `memory+redis://host`. Behind the URL of two, `?l1_ttl=10s` sets [`CacheConfig::l1_ttl`].
    ///
    /// # Errors
    /// Bad values in `config`, an unknown backend, or what the backend reports when it is opened.
    pub fn open(uri: &BackendUri, config: CacheConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut config = config;
        let (near, far) = layer::open(uri, &mut config)?;
        Self::of(near, far, config)
    }

    /// A cache on a backend of the caller's, registered or not.
    ///
    /// # Errors
    /// Bad values in `config`.
    pub fn with_backend(
        backend: Arc<dyn CacheBackend>,
        config: CacheConfig,
    ) -> Result<Self, ConfigError> {
        Self::of(Layer::Objects(backend), None, config)
    }

    /// A cache on a store of records of the caller's, registered or not.
    ///
    /// # Errors
    /// Bad values in `config`.
    #[cfg(feature = "bytes")]
    pub fn with_store(store: Arc<dyn ByteStore>, config: CacheConfig) -> Result<Self, ConfigError> {
        Self::of(Layer::Records(store), None, config)
    }

    fn of(near: Layer, far: Option<Layer>, config: CacheConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let flights = Arc::default();
        let layers = || std::iter::once(&near).chain(&far);
        namespace::enrol(&config.namespace, layers(), &flights, config.patience);
        #[cfg(feature = "bytes")]
        let space = layers()
            .any(Layer::keeps_records)
            .then(|| opero_core::stable::KeySpace::new(&[&*config.namespace, &*config.function]));
        Ok(Self {
            #[cfg(feature = "bytes")]
            shares: layers().any(Layer::is_shared),
            near,
            far,
            #[cfg(feature = "bytes")]
            space,
            renews: config.stale.is_some() || config.refresh.is_some(),
            config,
            flights,
            refreshing: Tickets::default(),
            next_sweep: AtomicU64::new(0),
            counters: Box::default(),
        })
    }

    /// The backends, the nearer one first.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::once(&self.near).chain(&self.far)
    }

    /// The backend's name; of two, the farther one's.
    pub fn scheme(&self) -> &str {
        self.far.as_ref().unwrap_or(&self.near).scheme()
    }

    /// Are the backends reachable?
    ///
    /// # Errors
    /// What the first one that is not says.
    pub async fn ping(&self) -> Result<(), BackendError> {
        for layer in self.layers() {
            layer.ping().await?;
        }
        Ok(())
    }

    /// Has the backends write out what is pending and give up what they hold. Calls after it may run without the cache.
    ///
    /// # Errors
    /// The first backend's that failed; the other is closed all the same.
    pub async fn close(&self) -> Result<(), BackendError> {
        let mut result = Ok(());
        for layer in self.layers() {
            result = result.and(layer.close().await);
        }
        result
    }

    /// What this cache was told when it was opened.
    pub fn config(&self) -> &CacheConfig {
        &self.config
    }

    /// What it did so far.
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            hits: self.counters.hits.get(),
            stale: self.counters.stale.get(),
            coalesced: self.counters.coalesced.get(),
            misses: self.counters.misses.get(),
            inserts: self.counters.inserts.get(),
            evictions: self.layers().map(Layer::evictions).sum(),
            entries: self.far.as_ref().unwrap_or(&self.near).entries(),
        }
    }

    pub(crate) fn report(&self, cx: &Context<'_>, layer: &Layer, error: &BackendError) {
        cx.emit(Event::CacheUnavailable {
            backend: layer.scheme(),
            reason: error.message(),
        });
    }
}

impl<T: Clone + Send + Sync + 'static, E: Send> Stage<T, E> for Cache {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        pass_through(self, cx, attempt, &next, Some(Keeping::CLONE)).await
    }
}

impl Mechanism for Cache {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        match self.key_of_next(cx, next) {
            Ok(None) => next.attempt(cx, attempt).await,
            Ok(Some(key)) => match self.peek(cx, next.outcome(), &key) {
                Look::Hit(found) if found.age == Age::Fresh => self.tell_hit(cx),
                // Boxed: a hit comes by without this future, and should not carry room for it.
                looked => Box::pin(self.pass_peeked(cx, attempt, next, key, looked)).await,
            },
            Err(error) => next.outcome().reject(attempt, error.into()),
        }
    }
}

impl Cache {
    /// [`pass`](Mechanism::pass) for a call that [`hit`](Cache::hit) has looked for under the key `missed`. The caller sees to
    /// it that the future has a box of its own.
    pub async fn pass_missed<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        missed: Option<Key>,
        next: &mut N,
    ) {
        // Where only memory is asked, the leader's own look is the next one.
        if let Some(key) = missed.filter(|_| self.is_plain()) {
            return self.join(cx, attempt, next, key, First::Look).await;
        }
        match self.key_of_next(cx, next) {
            Ok(None) => next.attempt(cx, attempt).await,
            Ok(Some(key)) => match self.peek(cx, next.outcome(), &key) {
                Look::Hit(found) if found.age == Age::Fresh => self.tell_hit(cx),
                looked => self.pass_peeked(cx, attempt, next, key, looked).await,
            },
            Err(error) => next.outcome().reject(attempt, error.into()),
        }
    }

    /// Returns `true` if there is one layer of objects, and nothing that is served past its time.
    pub(crate) fn is_plain(&self) -> bool {
        !self.renews && self.far.is_none() && matches!(self.near, Layer::Objects(_))
    }

    /// All that follows the look on the spot.
    async fn pass_peeked<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        looked: Look,
    ) {
        if self.renews && self.is_refresher(&key) {
            return Box::pin(self.refresh(cx, attempt, next, key)).await;
        }
        #[cfg(feature = "bytes")]
        let (looked, first) = self.ask_first(cx, next.outcome(), &key, looked).await;
        #[cfg(not(feature = "bytes"))]
        let first = First::Look;
        match looked {
            Look::Hit(found) if found.age == Age::Fresh => self.tell_hit(cx),
            Look::Hit(found) => Box::pin(self.serve(cx, attempt, next, key, found)).await,
            Look::Miss | Look::Ask => self.join(cx, attempt, next, key, first).await,
        }
    }

    /// Asks a server before the flight is joined: a hit then costs no flight, and whoever leads one may only be refreshing.
    /// While a call does execute, those who come wait for that, and do not all ask.
    #[cfg(feature = "bytes")]
    async fn ask_first(
        &self,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
        looked: Look,
    ) -> (Look, First) {
        let asks = self.renews || (self.shares && self.flights.is_idle());
        if !asks || !matches!(looked, Look::Ask) {
            return (looked, First::Look);
        }
        let looked = self.look(cx, outcome, key).await;
        let first = match looked {
            _ if !self.shares => First::Look,
            Look::Ask => First::Lead,
            _ => First::Claim,
        };
        (looked, first)
    }
}
