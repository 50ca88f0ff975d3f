//! What a user does with the cache of a decorated function beside calling through it (`handle =
//! true`).

use std::fmt;
use std::future::Future;

use opero_cache::{Cache, CacheStats};
use opero_core::{Attempt, BackendError, ConfigError, Keeping, Slot, WaitMode, block_on};

use super::call::{
    Callee, Failure, Lowered, Return, Value, call_with_stages, call_with_stages_sync,
};
use super::function::Function;
use crate::order::CacheUse;
use crate::order::Stages;
use crate::rest::{Boxed, Known};
use crate::route::{Places, run_staged};
use crate::shell::{CachedValue, SentError, SyncTarget, Whole};
use crate::staged::Place;

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

    /// Returns the counters of the cache.
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

    /// Checks that the backend is reachable.
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

/// How a bound call without a fast path uses the cache.
#[derive(Debug, Clone, Copy)]
pub enum Way {
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
    fn run(self) -> impl Future<Output = Self::Return> + Send;
    #[doc(hidden)]
    fn go(&self, waiting: WaitMode, way: Way) -> impl Future<Output = Self::Return> + Send;
    #[doc(hidden)]
    fn peek(&self, waiting: WaitMode) -> impl Future<Output = Option<Self::Value>> + Send;
    #[doc(hidden)]
    fn insert(&self, waiting: WaitMode, value: Self::Value) -> impl Future<Output = ()> + Send;
    #[doc(hidden)]
    fn invalidate(
        &self,
        waiting: WaitMode,
    ) -> impl Future<Output = Result<(), BackendError>> + Send;
}

/// A [`BoundCall`] of a synchronous function.
pub trait BoundSyncCall: BoundCall {
    #[doc(hidden)]
    fn run_sync(self) -> Self::Return;
}

/// A builder that is bound and not run yet.
pub struct BoundBuilder<P: Callee> {
    builder: P,
    ending: Lowered<P::Adapter>,
}

/// Binds an async function to its arguments.
pub fn bind<P: Callee<Error: SentError>>(
    builder: P,
    ending: Lowered<P::Adapter>,
) -> CachedCall<BoundBuilder<P>> {
    CachedCall(BoundBuilder { builder, ending })
}

/// Binds a synchronous function to its arguments.
pub fn bind_sync<P: Callee<Error: SentError>>(
    builder: P,
    ending: Lowered<P::Adapter>,
) -> CachedSyncCall<BoundBuilder<P>> {
    CachedSyncCall(BoundBuilder { builder, ending })
}

impl<P, Out, In> BoundCall for BoundBuilder<P>
where
    P: Callee<Item = (), Places = (Out, In), Future: Send, Error: SentError>,
    Value<P>: CachedValue,
    (Out, In): Places<Value<P>, Failure<P>>,
    Out: Place<Value<P>, Failure<P>>,
    In: Place<Value<P>, Failure<P>>,
{
    type Return = Return<P>;
    type Value = Value<P>;

    fn run(self) -> impl Future<Output = Self::Return> + Send {
        call_with_stages(self.builder, self.ending)
    }

    async fn go(&self, waiting: WaitMode, way: Way) -> Self::Return {
        let (keeping, cache) = match way {
            Way::Bypass => (None, CacheUse::Past),
            Way::Refresh => (Some(Keeping::CLONE), CacheUse::Refresh),
        };
        let make = |limits, attempt| -> Boxed<'_, Self::Return> {
            Box::pin(self.builder.execute(&(), limits, attempt))
        };
        let whole = self.whole();
        let known = Known {
            keeping,
            cache,
            ..P::KNOWN
        };
        run_staged(&whole, known, &make, None, waiting, self.ending).await
    }

    async fn peek(&self, waiting: WaitMode) -> Option<Value<P>> {
        let (stages, cache) = self.opened()?;
        let policy = self.builder.policy();
        let mut slot = Slot::new(&policy, Some(Keeping::CLONE));
        let cx = stages.context(waiting);
        let found = cache.get_call(&cx, &self.whole(), &mut slot).await;
        slot.take_value().filter(|_| found)
    }

    async fn insert(&self, waiting: WaitMode, value: Value<P>) {
        if let Some((stages, cache)) = self.opened() {
            let policy = self.builder.policy();
            let mut slot = Slot::new(&policy, Some(Keeping::CLONE));
            slot.put(Attempt::FIRST, Ok(value));
            let cx = stages.context(waiting);
            cache.insert_call(&cx, &self.whole(), &mut slot).await;
        }
    }

    async fn invalidate(&self, waiting: WaitMode) -> Result<(), BackendError> {
        let Some((stages, cache)) = self.opened() else {
            return Ok(());
        };
        let policy = self.builder.policy();
        let mut slot = Slot::<Value<P>, Failure<P>>::new(&policy, None);
        let cx = stages.context(waiting);
        cache.remove_call(&cx, &self.whole(), &mut slot).await
    }
}

impl<P> BoundSyncCall for BoundBuilder<P>
where
    Self: BoundCall<Return = Return<P>>,
    P: Callee<Item = ()> + SyncTarget,
    Value<P>: CachedValue,
    P::Places: Places<Value<P>, Failure<P>>,
{
    fn run_sync(self) -> Self::Return {
        call_with_stages_sync(&self.builder, self.ending)
    }
}

impl<P: Callee<Item = ()>> BoundBuilder<P> {
    fn opened(&self) -> Option<(&'static Stages, &'static Cache)> {
        let stages = self.builder.function().stages().ok()?;
        Some((stages, stages.cache().as_ref()?))
    }

    fn whole(&self) -> Whole<'_, P> {
        Whole {
            target: &self.builder,
            item: &(),
        }
    }
}

/// Without the arguments: they may hold secrets.
impl<P: Callee> fmt::Debug for BoundBuilder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoundBuilder")
            .field(&self.builder.function().name())
            .finish()
    }
}

/// A call of a cached async function that has not begun: see `handle` among the parameters of
/// `#[opero]`.
#[derive(Debug)]
#[must_use = "a bound call does nothing until it is told what to do"]
pub struct CachedCall<B>(B);

#[expect(
    clippy::manual_async_fn,
    reason = "an `async fn` would promise no `Send`"
)]
impl<B: BoundCall> CachedCall<B> {
    /// Calls the function as by its own name.
    pub fn run(self) -> impl Future<Output = B::Return> + Send {
        self.0.run()
    }

    /// Calls the function without a lookup, and stores nothing.
    pub fn bypass(self) -> impl Future<Output = B::Return> + Send {
        async move { self.0.go(WaitMode::Async, Way::Bypass).await }
    }

    /// Calls the function without a lookup, and stores its result.
    pub fn refresh(self) -> impl Future<Output = B::Return> + Send {
        async move { self.0.go(WaitMode::Async, Way::Refresh).await }
    }

    /// Returns the stored result, if there is one. It executes nothing and counts no hit.
    pub fn peek(&self) -> impl Future<Output = Option<B::Value>> + Send {
        self.0.peek(WaitMode::Async)
    }

    /// Stores `value` as if the function had returned it. A backend failure loses the entry only.
    pub fn insert(&self, value: B::Value) -> impl Future<Output = ()> + Send {
        self.0.insert(WaitMode::Async, value)
    }

    /// Drops the stored result.
    ///
    /// # Errors
    /// The backend's: the entry may still be there.
    pub fn invalidate(&self) -> impl Future<Output = Result<(), BackendError>> + Send {
        self.0.invalidate(WaitMode::Async)
    }
}

/// A call of a cached synchronous function that has not begun: see `handle` among the parameters of
/// `#[opero]`.
#[derive(Debug)]
#[must_use = "a bound call does nothing until it is told what to do"]
pub struct CachedSyncCall<B>(B);

impl<B: BoundSyncCall> CachedSyncCall<B> {
    /// Calls the function as by its own name.
    pub fn run(self) -> B::Return {
        self.0.run_sync()
    }

    /// Calls the function without a lookup, and stores nothing.
    pub fn bypass(self) -> B::Return {
        block_on(self.0.go(WaitMode::Blocking, Way::Bypass))
    }

    /// Calls the function without a lookup, and stores its result.
    pub fn refresh(self) -> B::Return {
        block_on(self.0.go(WaitMode::Blocking, Way::Refresh))
    }

    /// Returns the stored result, if there is one. It executes nothing and counts no hit.
    pub fn peek(&self) -> Option<B::Value> {
        block_on(self.0.peek(WaitMode::Blocking))
    }

    /// Stores `value` as if the function had returned it. A backend failure loses the entry only.
    pub fn insert(&self, value: B::Value) {
        block_on(self.0.insert(WaitMode::Blocking, value));
    }

    /// Drops the stored result.
    ///
    /// # Errors
    /// The backend's: the entry may still be there.
    pub fn invalidate(&self) -> Result<(), BackendError> {
        block_on(self.0.invalidate(WaitMode::Blocking))
    }
}
