//! Pipelines built at run time, for functions that no attribute can stand on.

mod arguments;
mod builder;
mod hooks;
#[cfg(feature = "map")]
mod identity;
#[cfg(feature = "map")]
mod map;
#[cfg_attr(not(feature = "map"), allow(unreachable_pub))]
mod owned;
#[cfg_attr(not(feature = "map"), allow(unreachable_pub))]
mod owned_identity;
#[cfg(feature = "map")]
mod owned_map;
#[cfg(feature = "serde")]
mod stable;
mod target;

use std::any::Any;
use std::future::Future;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use opero_core::{Attempt, Context, Error, Observer, Operation, WaitMode, block_on, operation};

use arguments::ArgumentHooks;
pub use builder::PipelineBuilder;
use hooks::Hooks;
#[cfg(all(feature = "map", feature = "serde"))]
pub use identity::Named;
#[cfg(feature = "map")]
pub use identity::{Hashed, Identity};
#[cfg(feature = "map")]
pub use map::{AsyncItems, SyncItems};
#[cfg(feature = "map")]
pub use owned::{Awaited, Blocking, OwnedFunction};
#[cfg(all(feature = "map", feature = "serde"))]
pub use owned_identity::ByName;
#[cfg(feature = "map")]
pub use owned_identity::{ByHash, OwnedIdentity, OwnedValue};
#[cfg(all(feature = "map", feature = "serde"))]
pub use owned_map::NamedRun;
#[cfg(feature = "map")]
pub use owned_map::OwnedItems;

use crate::order::Stages;
use crate::route::Places;
use crate::shell::{Cached, Lookup, Plainly, Uncached};
use crate::staged::{Absent, Present};
use target::PipelineCall;

/// The stages of `#[opero]` around any closure, built at run time from the same parameters with the
/// same defaults.
///
/// `E` is the error type of the closures; `Outside` and `Inside` are stages of the user's. A clone
/// is the same pipeline: it shares the cache and the limiter. Without stages of the user's its type
/// is `Pipeline<E>`, whatever was said of errors, values and arguments; so it fits into a field or
/// a static.
///
/// ```
/// use opero::Pipeline;
///
/// let pipeline = Pipeline::builder()
///     .retries(2)
///     .min_delay("1ms")
///     .retry_on(|error: &std::num::ParseIntError| error.to_string() != "invalid digit found in string")
///     .build()?;
///
/// let number = pipeline.call_sync(&"42", |_| "42".parse::<u32>()).unwrap();
/// assert_eq!(number, 42);
/// # Ok::<(), opero::ConfigError>(())
/// ```
pub struct Pipeline<E, Outside = Absent, Inside = Absent> {
    stages: Arc<Stages>,
    hooks: Hooks<E>,
    arguments: ArgumentHooks,
    observer: Option<Arc<dyn Observer>>,
    places: Arc<(Outside, Inside)>,
}

/// By hand: neither the error nor the stages need be `Clone`.
impl<E, Outside, Inside> Clone for Pipeline<E, Outside, Inside> {
    fn clone(&self) -> Self {
        Self {
            stages: Arc::clone(&self.stages),
            hooks: self.hooks.clone(),
            arguments: self.arguments.clone(),
            observer: self.observer.clone(),
            places: Arc::clone(&self.places),
        }
    }
}

impl<E> Pipeline<E> {
    /// A pipeline with the defaults of the attribute, to be refined.
    pub fn builder() -> PipelineBuilder<E> {
        PipelineBuilder::default()
    }
}

impl<E: Send + Sync, Outside, Inside> Pipeline<E, Outside, Inside> {
    /// Calls an async closure; its result is kept in the cache under `args` and the closure's own
    /// type.
    ///
    /// The closure runs once for each attempt, so it makes what it consumes.
    ///
    /// # Errors
    /// The last attempt's, with the earlier ones in it; or a stage's rejection.
    pub async fn call<T, A, F, Fut>(&self, args: &A, function: F) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        A: Hash + Sync + ?Sized,
        F: Fn(Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        (Outside, Inside): Places<T, E>,
    {
        self.execute(&operation(function).keyed(args)).await
    }

    /// Calls an async closure past the cache.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn run<T, F, Fut>(&self, function: F) -> Result<T, Error<E>>
    where
        T: Send,
        F: Fn(Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        (Outside, Inside): Places<T, E>,
    {
        self.execute_uncached(&operation(function)).await
    }

    /// Calls an operation that may be cached.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn execute<T, N>(&self, operation: &N) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        N: Operation<T, E>,
        (Outside, Inside): Places<T, E>,
    {
        self.check_unseen()?;
        self.through(&self.context(WaitMode::Async), operation)
            .await
    }

    /// Calls an operation that may be cached. Waits block the thread.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn execute_sync<T, N>(&self, operation: &N) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        N: Operation<T, E>,
        (Outside, Inside): Places<T, E>,
    {
        self.check_unseen()?;
        let cx = self.context(WaitMode::Blocking);
        block_on(self.through(&cx, operation))
    }

    /// Calls an operation past the cache.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn execute_uncached<T, N>(&self, operation: &N) -> Result<T, Error<E>>
    where
        T: Send,
        N: Operation<T, E>,
        (Outside, Inside): Places<T, E>,
    {
        self.check_unseen()?;
        let cx = self.context(WaitMode::Async);
        self.through_uncached(&cx, operation).await
    }

    async fn through<T, N>(&self, cx: &Context<'_>, operation: &N) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        N: Operation<T, E>,
        (Outside, Inside): Places<T, E>,
    {
        let target = &PipelineCall {
            pipeline: self,
            operation,
            execute: |limits, attempt| {
                let cx = cx.with_limits(limits);
                async move { operation.attempt(&cx, attempt).await }
            },
            as_any: |value: &T| Some(value),
            route: PhantomData::<fn() -> Cached>,
        };
        Places::run(target, (), Some(cx), Plainly).await
    }

    async fn through_uncached<T, N>(&self, cx: &Context<'_>, operation: &N) -> Result<T, Error<E>>
    where
        T: Send,
        N: Operation<T, E>,
        (Outside, Inside): Places<T, E>,
    {
        let target = &PipelineCall {
            pipeline: self,
            operation,
            execute: |limits, attempt| {
                let cx = cx.with_limits(limits);
                async move { operation.attempt(&cx, attempt).await }
            },
            as_any: |_| None,
            route: PhantomData::<fn() -> Uncached>,
        };
        Places::run(target, (), Some(cx), Plainly).await
    }
}

/// Calls that stay on their thread: neither their values nor their errors need be `Send`, but what
/// a cache keeps, and what passes through a stage of the user's.
impl<E, Outside, Inside> Pipeline<E, Outside, Inside> {
    /// Calls a closure; its result is kept in the cache under `args` and the closure's own type.
    /// Waits block the thread.
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::builder().retries(1).min_delay("1ms").build()?;
    /// let call = |_| -> Result<u8, Box<dyn std::error::Error>> { Ok("42".parse()?) };
    /// assert_eq!(pipeline.call_sync(&"42", call).unwrap(), 42);
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_sync<T, A, F>(&self, args: &A, function: F) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        A: Hash + Sync + ?Sized,
        F: Fn(Attempt) -> Result<T, E> + Sync,
        (Outside, Inside): Places<T, E>,
    {
        let function = &function;
        let call = operation(move |attempt| async move { function(attempt) });
        self.here::<T, _, _, Cached>(&call.keyed(args), function, |value| Some(value))
    }

    /// Calls a closure past the cache. Waits block the thread.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn run_sync<T, F>(&self, function: F) -> Result<T, Error<E>>
    where
        F: Fn(Attempt) -> Result<T, E> + Sync,
        (Outside, Inside): Places<T, E>,
    {
        let function = &function;
        let call = operation(move |attempt| async move { function(attempt) });
        self.here::<T, _, _, Uncached>(&call, function, |_| None)
    }

    fn here<T, N, F, R>(
        &self,
        operation: &N,
        function: &F,
        as_any: fn(&T) -> Option<&dyn Any>,
    ) -> Result<T, Error<E>>
    where
        N: Operation<T, E>,
        F: Fn(Attempt) -> Result<T, E> + Sync,
        R: Lookup<T>,
        (Outside, Inside): Places<T, E>,
    {
        self.check_unseen()?;
        let cx = self.context(WaitMode::Blocking);
        let target = PipelineCall {
            pipeline: self,
            operation,
            execute: function,
            as_any,
            route: PhantomData::<fn() -> R>,
        };
        Places::run_sync(&target, &(), Some(&cx), Plainly)
    }

    /// The stages, for what only they offer, such as the cache's handle.
    pub fn stages(&self) -> &Stages {
        &self.stages
    }

    /// Rejects a call whose arguments the pipeline does not see, where something is made of them.
    fn check_unseen(&self) -> Result<(), Error<E>> {
        self.arguments.check(None).map_err(Error::rejected)
    }

    fn context(&self, waiting: WaitMode) -> Context<'_> {
        let cx = self.stages.context(waiting);
        match &self.observer {
            Some(observer) => cx.with_observer(&**observer),
            None => cx,
        }
    }
}

impl<E, Outside, Inside> std::fmt::Debug for Pipeline<E, Outside, Inside> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline")
            .field("stages", &self.stages)
            .finish_non_exhaustive()
    }
}
