use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use opero_core::{
    Attempt, BackendError, ConfigError, Context, Error, Event, Key, Location, Operation, Stage,
    registry,
};

use crate::backend::{CacheBackend, CacheOptions, CacheRegistration, Entry, Opened, Peek};
use crate::config::CacheConfig;
use crate::flight::{Flights, Landing, Leader, Role};
use crate::namespace;
use crate::patience::within;
use crate::stats::{CacheStats, Counter};

/// The cache stage: answers a call from its backend, or has it executed once and keeps the result.
///
/// Only `Ok` is kept. The cache is an aid: where the backend fails, calls run without it, and an event says so.
/// Concurrent calls with one key execute once, whatever the backend.
///
/// An operation without a key passes by: it is executed and nothing is kept. So are closures in [`Stage::run`] and
/// [`Stage::run_sync`], whose arguments nobody sees; [`get_or_run`](Cache::get_or_run) and
/// [`get_or_run_sync`](Cache::get_or_run_sync) take them beside the closure.
#[derive(Debug)]
pub struct Cache {
    pub(crate) backend: Arc<dyn CacheBackend>,
    pub(crate) config: CacheConfig,
    pub(crate) flights: Arc<Flights>,
    /// The next sweep, in nanoseconds of the pipeline's clock.
    pub(crate) next_sweep: AtomicU64,
    pub(crate) counters: Counters,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) hits: Counter,
    pub(crate) followed: Counter,
    pub(crate) misses: Counter,
    pub(crate) inserts: Counter,
}

impl Cache {
    /// Opens the backend that `location` names, for one function.
    ///
    /// # Errors
    /// Bad values in `config`, an unknown backend, or what the backend reports when it is opened.
    pub fn open(location: &Location, config: CacheConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let options = CacheOptions {
            capacity: config.capacity,
            namespace: Arc::clone(&config.namespace),
            function: Arc::clone(&config.function),
        };
        let opened = registry::find::<CacheRegistration>(location)?.open(location, &options)?;
        match opened {
            Opened::Objects(backend) => Self::with_backend(backend, config),
            Opened::Records(_) => Err(ConfigError::new(
                "cache_backend",
                "keeps records",
                "wait for it",
            )),
        }
    }

    /// A cache on a backend of the caller's, registered or not.
    ///
    /// # Errors
    /// Bad values in `config`.
    pub fn with_backend(
        backend: Arc<dyn CacheBackend>,
        config: CacheConfig,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        let flights = Arc::default();
        namespace::enrol(&config.namespace, &backend, &flights);
        Ok(Self {
            backend,
            config,
            flights,
            next_sweep: AtomicU64::new(0),
            counters: Counters::default(),
        })
    }

    /// The backend.
    pub fn backend(&self) -> &Arc<dyn CacheBackend> {
        &self.backend
    }

    /// What this cache was told when it was opened.
    pub fn config(&self) -> &CacheConfig {
        &self.config
    }

    /// What it did so far.
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            hits: self.counters.hits.get(),
            followed: self.counters.followed.get(),
            misses: self.counters.misses.get(),
            inserts: self.counters.inserts.get(),
            evictions: self.backend.evictions(),
            entries: self.backend.entries(),
        }
    }

    /// The result of a call, where it is known and in memory: the whole cost of a hit, without a future.
    ///
    /// A miss counts and tells nothing; the call that follows it does.
    // Always: a key or a value that passes through memory in halves stalls the load of the whole.
    #[inline(always)]
    pub fn known<T, E, N>(&self, cx: &Context<'_>, operation: &N) -> Option<T>
    where
        T: Clone + 'static,
        N: Operation<T, E>,
    {
        match self.peek(cx, &operation.key()?) {
            Looked::Hit(value) => Some(value),
            Looked::Miss | Looked::Ask => None,
        }
    }

    /// The whole of a hit in memory. It counts and tells nothing but hits.
    #[inline(always)]
    fn peek<T: Clone + 'static>(&self, cx: &Context<'_>, key: &Key) -> Looked<T> {
        match self.backend.peek(key) {
            Peek::Hit(entry) => self.hit(cx, &entry).map_or(Looked::Miss, Looked::Hit),
            Peek::Miss => Looked::Miss,
            Peek::Ask => Looked::Ask,
        }
    }

    /// The value of an entry that was found, counted and told as a hit; `None` where it is stale or of another type.
    #[inline(always)]
    fn hit<T: Clone + 'static>(&self, cx: &Context<'_>, entry: &Entry) -> Option<T> {
        let value = fresh(cx, entry)?;
        self.counters.hits.add_one();
        cx.emit(Event::CacheHit);
        Some(value)
    }

    /// A lookup, whatever it takes. A failing backend is a miss that an event reports.
    pub(crate) async fn look<T: Clone + 'static>(&self, cx: &Context<'_>, key: &Key) -> Option<T> {
        match self.peek(cx, key) {
            Looked::Hit(value) => Some(value),
            Looked::Miss => None,
            Looked::Ask => match within(self.config.patience, self.backend.get(key)).await {
                Ok(entry) => self.hit(cx, &entry?),
                Err(error) => {
                    self.report(cx, &error);
                    None
                }
            },
        }
    }

    /// After a miss: execute, or wait for who does.
    async fn miss<T, E, N>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
        key: Key,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        let leader = match self.flights.join(key) {
            Role::Lead(leader) => leader,
            Role::Alone => {
                return self
                    .execute(cx, attempt, next, &key, None)
                    .await
                    .map(|(v, _)| v);
            }
            Role::Follow(follower) => match follower.await {
                Err(leader) => leader,
                Ok(landing) => {
                    if let Some(result) = self.landed(cx, next, &landing) {
                        return result;
                    }
                    return self
                        .execute(cx, attempt, next, &key, None)
                        .await
                        .map(|(v, _)| v);
                }
            },
        };
        self.lead(cx, attempt, next, key, leader).await
    }

    async fn lead<T, E, N>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
        key: Key,
        leader: Leader<'_>,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        // Between the look and the lead an earlier flight may have landed. A remote backend is asked only here, by the
        // leader: its followers need not ask.
        if let Some(value) = self.look::<T>(cx, &key).await {
            leader.land(Landing::Value(Entry::new(value.clone(), None)));
            return Ok(value);
        }
        match leader
            .execute(self.execute(cx, attempt, next, &key, Some(&leader)))
            .await
        {
            Ok((value, entry)) => {
                leader.land(Landing::Value(entry));
                Ok(value)
            }
            Err(error) => {
                match next.share_error(&error) {
                    Some(shared) => leader.land(Landing::Error(shared)),
                    None => leader.fail(),
                }
                Err(error)
            }
        }
    }

    /// Executes, and keeps the result if it is worth it.
    async fn execute<T, E, N>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
        key: &Key,
        leader: Option<&Leader<'_>>,
    ) -> Result<(T, Entry), Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        self.counters.misses.add_one();
        cx.emit(Event::CacheMiss);
        let value = next.attempt(cx, attempt).await?;
        let out_of_date = || leader.is_some_and(Leader::is_detached);
        let entry = match next.cache_if(&value) && !out_of_date() {
            true => self.store(cx, key, &value).await,
            // Not kept, but those who waited for it get it all the same.
            false => Entry::new(value.clone(), None),
        };
        // Invalidated while it was being stored. A newer value may go with it, which costs an execution and no more.
        if out_of_date()
            && let Err(error) = self.forget(key).await
        {
            self.report(cx, &error);
        }
        Ok((value, entry))
    }

    /// What a follower makes of the leader's landing; `None`: it has to execute itself.
    fn landed<T, E, N>(
        &self,
        cx: &Context<'_>,
        next: &N,
        landing: &Landing,
    ) -> Option<Result<T, Error<E>>>
    where
        T: Clone + 'static,
        N: Operation<T, E>,
    {
        let result = match landing {
            Landing::Value(entry) => Ok(entry.value::<T>()?.clone()),
            Landing::Error(shared) => Err(next.unshare_error(shared)?),
            Landing::Outage => return None,
        };
        self.counters.followed.add_one();
        cx.emit(Event::CacheFollowed);
        Some(result)
    }

    pub(crate) fn report(&self, cx: &Context<'_>, error: &BackendError) {
        cx.emit(Event::CacheUnavailable {
            backend: self.backend.scheme(),
            reason: error.message(),
        });
    }
}

enum Looked<T> {
    Hit(T),
    Miss,
    Ask,
}

/// The entry's value, unless it has expired or is of another type.
#[inline(always)]
fn fresh<T: Clone + 'static>(cx: &Context<'_>, entry: &Entry) -> Option<T> {
    if !entry.never_expires() && entry.is_expired(cx.coarse_now()) {
        return None;
    }
    entry.value::<T>().cloned()
}

impl<T: Clone + Send + Sync + 'static, E: Send> Stage<T, E> for Cache {
    #[inline]
    #[allow(clippy::manual_async_fn)] // An `async fn` keeps each of its arguments twice.
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        async move {
            let Some(key) = next.key() else {
                return next.attempt(cx, attempt).await;
            };
            if let Looked::Hit(value) = self.peek(cx, &key) {
                return Ok(value);
            }
            self.miss(cx, attempt, &next, key).await
        }
    }
}
