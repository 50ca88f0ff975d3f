//! What a user does with the cache of a decorated function beside calling through it (`handle = true`).

use std::fmt;
use std::future::Future;

use opero_cache::{Cache, CacheStats};
use opero_core::{BackendError, ConfigError, Context, Error, Waiting, block_on};

use super::checks::CachedValue;
use super::keys::MakeKey;
use super::operation::{Body, Call};
use super::recipe::{Cached, OnRefused, Recipe, Route, Uncached};
use super::{Adapter, Function};
use crate::Stages;
use crate::place::Place;

/// The cache of one decorated function: see `handle` among the parameters of `#[opero]`.
#[derive(Debug, Clone, Copy)]
pub struct CacheHandle(&'static Function);

impl CacheHandle {
    #[doc(hidden)]
    pub const fn of(function: &'static Function) -> Self {
        Self(function)
    }

    #[doc(hidden)]
    pub const fn function(self) -> &'static Function {
        self.0
    }

    /// What the cache did so far.
    ///
    /// # Errors
    /// The function's parameters are wrong, or its backend does not open.
    pub fn stats(self) -> Result<CacheStats, ConfigError> {
        self.cache().map(Cache::stats)
    }

    /// Drops every result of the function.
    ///
    /// # Errors
    /// The backend's: entries may still be there.
    pub async fn clear(self) -> Result<(), BackendError> {
        self.opened()?.clear().await
    }

    /// [`clear`](Self::clear), blocking the thread.
    ///
    /// # Errors
    /// The backend's.
    pub fn clear_sync(self) -> Result<(), BackendError> {
        block_on(self.clear())
    }

    /// Is the backend reachable?
    ///
    /// # Errors
    /// The backend's.
    pub async fn ping(self) -> Result<(), BackendError> {
        self.opened()?.ping().await
    }

    fn opened(self) -> Result<&'static Cache, BackendError> {
        self.cache()
            .map_err(|error| BackendError::new(error.to_string()))
    }

    fn cache(self) -> Result<&'static Cache, ConfigError> {
        let stages = self.0.stages().map_err(Clone::clone)?;
        stages.cache().as_ref().ok_or_else(|| {
            ConfigError::new("cache", "is off for this function", "write `cache = true`")
        })
    }
}

/// Which way a bound call takes.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    /// Through the cache.
    Run,
    /// Past the cache.
    Bypass,
    /// Executed in any case, and kept.
    Refresh,
}

/// A cached function with its arguments: what [`CachedCall`] and [`CachedSyncCall`] work on.
pub trait BoundCall: Send + Sync {
    /// What the function returns.
    type Return;
    /// What the cache keeps of it.
    type Value: Clone + Send + Sync + 'static;

    #[doc(hidden)]
    fn go(&self, waiting: Waiting, way: Way) -> impl Future<Output = Self::Return> + Send;
    #[doc(hidden)]
    fn peek(&self, waiting: Waiting) -> impl Future<Output = Option<Self::Value>> + Send;
    #[doc(hidden)]
    fn insert(&self, waiting: Waiting, value: Self::Value) -> impl Future<Output = ()> + Send;
    #[doc(hidden)]
    fn invalidate(&self, waiting: Waiting)
    -> impl Future<Output = Result<(), BackendError>> + Send;
}

/// A recipe whose call waits to be told what to do.
pub struct Bound<A: Adapter, S, B, K, Out, In> {
    recipe: Recipe<A, S, (), B, K, Cached, Out, In>,
    on_refused: OnRefused<A::Return>,
}

/// Binds an async function to its arguments.
pub fn bind<A: Adapter, S, B, K, Out, In>(
    recipe: Recipe<A, S, (), B, K, Cached, Out, In>,
    on_refused: OnRefused<A::Return>,
) -> CachedCall<Bound<A, S, B, K, Out, In>> {
    CachedCall(Bound { recipe, on_refused })
}

/// Binds a synchronous function to its arguments.
pub fn bind_sync<A: Adapter, S, B, K, Out, In>(
    recipe: Recipe<A, S, (), B, K, Cached, Out, In>,
    on_refused: OnRefused<A::Return>,
) -> CachedSyncCall<Bound<A, S, B, K, Out, In>> {
    CachedSyncCall(Bound { recipe, on_refused })
}

impl<A, S, B, K, Out, In> BoundCall for Bound<A, S, B, K, Out, In>
where
    A: Adapter,
    A::Value: CachedValue,
    A::Error: Send,
    S: Send + Sync,
    B: Body<S, (), A::Return>,
    K: MakeKey<S, ()>,
    Out: Place<A::Value, A::Error>,
    In: Place<A::Value, A::Error>,
{
    type Return = A::Return;
    type Value = A::Value;

    async fn go(&self, waiting: Waiting, way: Way) -> A::Return {
        let result = match self.recipe.function.stages() {
            Ok(stages) => self.pass(stages, &stages.context(waiting), way).await,
            Err(error) => Err(Error::refused(error.clone())),
        };
        if let Some(returned) = self.recipe.returned(result, self.on_refused) {
            return returned;
        }
        self.recipe.bare().await
    }

    async fn peek(&self, waiting: Waiting) -> Option<A::Value> {
        let (stages, cache) = self.opened()?;
        cache.get(&stages.context(waiting), &self.call()).await
    }

    async fn insert(&self, waiting: Waiting, value: A::Value) {
        if let Some((stages, cache)) = self.opened() {
            let cx = stages.context(waiting);
            cache.insert(&cx, &self.call(), &value).await;
        }
    }

    async fn invalidate(&self, waiting: Waiting) -> Result<(), BackendError> {
        match self.opened() {
            Some((stages, cache)) => cache.remove(&stages.context(waiting), &self.call()).await,
            None => Ok(()),
        }
    }
}

/// What a bound call is to the stages.
type BoundOperation<'a, A, S, B, K, Out, In> = Call<'a, A, S, (), B, K, Cached, Out, In>;

impl<A: Adapter, S, B, K, Out, In> Bound<A, S, B, K, Out, In> {
    fn opened(&self) -> Option<(&'static Stages, &'static Cache)> {
        let stages = self.recipe.function.stages().ok()?;
        Some((stages, stages.cache().as_ref()?))
    }

    fn call(&self) -> BoundOperation<'_, A, S, B, K, Out, In> {
        Call {
            recipe: &self.recipe,
            item: &(),
        }
    }
}

impl<A, S, B, K, Out, In> Bound<A, S, B, K, Out, In>
where
    A: Adapter,
    A::Value: CachedValue,
    A::Error: Send,
    S: Send + Sync,
    B: Body<S, (), A::Return>,
    K: MakeKey<S, ()>,
    Out: Place<A::Value, A::Error>,
    In: Place<A::Value, A::Error>,
{
    async fn pass(
        &self,
        stages: &Stages,
        cx: &Context<'_>,
        way: Way,
    ) -> Result<A::Value, Error<A::Error>> {
        let call = self.call();
        let outside = &self.recipe.outside;
        let attempts = &stages.attempts(&self.recipe.inside);
        match way {
            Way::Run => Cached::pass(stages, outside, attempts, cx, &call).await,
            Way::Bypass => Uncached::pass(stages, outside, attempts, cx, &call).await,
            Way::Refresh => stages.refreshed(outside, attempts, cx, &call).await,
        }
    }
}

/// Without the arguments: they may hold secrets.
impl<A: Adapter, S, B, K, Out, In> fmt::Debug for Bound<A, S, B, K, Out, In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bound").field(&self.recipe).finish()
    }
}

/// A call of a cached async function that has not begun: see `handle` among the parameters of `#[opero]`.
#[derive(Debug)]
#[must_use = "a bound call does nothing until it is told what to do"]
pub struct CachedCall<B>(B);

#[expect(
    clippy::manual_async_fn,
    reason = "an `async fn` would promise no `Send`"
)]
impl<B: BoundCall> CachedCall<B> {
    /// Calls the function as its own name does.
    pub fn run(self) -> impl Future<Output = B::Return> + Send {
        async move { self.0.go(Waiting::Async, Way::Run).await }
    }

    /// Calls the function without looking into the cache, and keeps nothing.
    pub fn bypass(self) -> impl Future<Output = B::Return> + Send {
        async move { self.0.go(Waiting::Async, Way::Bypass).await }
    }

    /// Calls the function in any case, and keeps its result.
    pub fn refresh(self) -> impl Future<Output = B::Return> + Send {
        async move { self.0.go(Waiting::Async, Way::Refresh).await }
    }

    /// The kept result, if there is one. Nothing is executed.
    pub fn peek(&self) -> impl Future<Output = Option<B::Value>> + Send {
        self.0.peek(Waiting::Async)
    }

    /// Keeps `value`, as if the function had returned it. A backend that fails only costs the entry.
    pub fn insert(&self, value: B::Value) -> impl Future<Output = ()> + Send {
        self.0.insert(Waiting::Async, value)
    }

    /// Drops the kept result.
    ///
    /// # Errors
    /// The backend's: the entry may still be there.
    pub fn invalidate(&self) -> impl Future<Output = Result<(), BackendError>> + Send {
        self.0.invalidate(Waiting::Async)
    }
}

/// A call of a cached synchronous function that has not begun: see `handle` among the parameters of `#[opero]`.
#[derive(Debug)]
#[must_use = "a bound call does nothing until it is told what to do"]
pub struct CachedSyncCall<B>(B);

impl<B: BoundCall> CachedSyncCall<B> {
    /// Calls the function as its own name does.
    pub fn run(self) -> B::Return {
        block_on(self.0.go(Waiting::Blocking, Way::Run))
    }

    /// Calls the function without looking into the cache, and keeps nothing.
    pub fn bypass(self) -> B::Return {
        block_on(self.0.go(Waiting::Blocking, Way::Bypass))
    }

    /// Calls the function in any case, and keeps its result.
    pub fn refresh(self) -> B::Return {
        block_on(self.0.go(Waiting::Blocking, Way::Refresh))
    }

    /// The kept result, if there is one. Nothing is executed.
    pub fn peek(&self) -> Option<B::Value> {
        block_on(self.0.peek(Waiting::Blocking))
    }

    /// Keeps `value`, as if the function had returned it. A backend that fails only costs the entry.
    pub fn insert(&self, value: B::Value) {
        block_on(self.0.insert(Waiting::Blocking, value));
    }

    /// Drops the kept result.
    ///
    /// # Errors
    /// The backend's: the entry may still be there.
    pub fn invalidate(&self) -> Result<(), BackendError> {
        block_on(self.0.invalidate(Waiting::Blocking))
    }
}
