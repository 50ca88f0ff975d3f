//! Calls with arguments of their own: the pipeline sees them, and can make such a call again in the
//! background.

use std::any::TypeId;
use std::borrow::Cow;
use std::future::Future;
use std::hash::Hash;

use opero_core::{
    Arguments, Attempt, Background, CallPolicy, Codec, CodecError, Error, Key, KeyBytes, Operation,
    WaitMode, block_on,
};

use super::Pipeline;
#[cfg(feature = "serde")]
use super::owned_identity::ByName;
use super::owned_identity::{ByHash, OwnedIdentity, OwnedValue};
use crate::route::Places;

impl<E, Outside, Inside> Pipeline<E, Outside, Inside>
where
    E: Send + Sync + 'static,
    Outside: Send + Sync + 'static,
    Inside: Send + Sync + 'static,
{
    /// [`call`](Self::call) with arguments of its own, each attempt with a clone of them.
    ///
    /// The pipeline sees them: `cache_key`, `rate_key`, `rate_cost` and `arg_fallback` of the
    /// builder are for such calls. And it can make the call again: with `cache_stale` or
    /// `cache_refresh`, what is served meanwhile is refreshed in the background.
    ///
    /// ```
    /// # opero::extend::block_on(async {
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::<String>::builder().cache_ttl("1min").cache_stale("1h").build()?;
    /// let double = |number: u32, _| async move { number.checked_mul(2).ok_or("too large".to_owned()) };
    /// assert_eq!(pipeline.call_owned(21, double).await.unwrap(), 42);
    /// # Ok::<(), opero::ConfigError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_owned<T, A, F, Fut>(&self, args: A, function: F) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        A: Hash + Clone + Send + Sync + 'static,
        F: Fn(A, Attempt) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send,
        (Outside, Inside): Places<T, E>,
    {
        self.own(args, Awaited(function), ByHash).await
    }

    /// [`call_owned`](Self::call_owned) of a closure that is not async. Waits block the thread.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_owned_sync<T, A, F>(&self, args: A, function: F) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        A: Hash + Clone + Send + Sync + 'static,
        F: Fn(&A, Attempt) -> Result<T, E> + Clone + Send + Sync + 'static,
        (Outside, Inside): Places<T, E>,
    {
        block_on(self.own(args, Blocking(function), ByHash))
    }

    async fn own<T, A, F, K>(&self, args: A, function: F, identity: K) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
        F: OwnedFunction<A, Value = T, Error = E>,
        K: OwnedIdentity<A> + OwnedValue<T>,
        (Outside, Inside): Places<T, E>,
    {
        self.arguments
            .check(Some(TypeId::of::<A>()))
            .map_err(Error::rejected)?;
        let cx = self.context(F::WAIT_MODE);
        let call = OwnedCall::new(self, args, function, identity);
        self.through(&cx, &call).await
    }
}

#[cfg(feature = "serde")]
impl<E, Outside, Inside> Pipeline<E, Outside, Inside>
where
    E: Send + Sync + 'static,
    Outside: Send + Sync + 'static,
    Inside: Send + Sync + 'static,
{
    /// [`call_stable`](Self::call_stable) with arguments of its own, as
    /// [`call_owned`](Self::call_owned).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn call_owned_stable<T, A, F, Fut>(
        &self,
        name: &'static str,
        args: A,
        function: F,
    ) -> Result<T, Error<E>>
    where
        T: Clone + serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
        A: serde::Serialize + Clone + Send + Sync + 'static,
        F: Fn(A, Attempt) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send,
        (Outside, Inside): Places<T, E>,
    {
        self.own(args, Awaited(function), ByName(name)).await
    }

    /// [`call_owned_stable`](Self::call_owned_stable) of a closure that is not async. Waits block
    /// the thread.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_owned_stable_sync<T, A, F>(
        &self,
        name: &'static str,
        args: A,
        function: F,
    ) -> Result<T, Error<E>>
    where
        T: Clone + serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
        A: serde::Serialize + Clone + Send + Sync + 'static,
        F: Fn(&A, Attempt) -> Result<T, E> + Clone + Send + Sync + 'static,
        (Outside, Inside): Places<T, E>,
    {
        block_on(self.own(args, Blocking(function), ByName(name)))
    }
}

/// A function that can be kept, async or not.
pub trait OwnedFunction<A: Clone>: Clone + Send + Sync + 'static {
    /// Its value.
    type Value;
    /// Its own error.
    type Error;
    /// How it waits.
    const WAIT_MODE: WaitMode;

    /// Executes it once.
    fn execute(
        &self,
        args: Cow<'_, A>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<Self::Value, Self::Error>> + Send;
}

/// An async function.
#[derive(Clone, Copy, Debug)]
pub struct Awaited<F>(pub(super) F);

/// A function that blocks its thread.
#[derive(Clone, Copy, Debug)]
pub struct Blocking<F>(pub(super) F);

impl<A, T, E, F, Fut> OwnedFunction<A> for Awaited<F>
where
    A: Clone + Send + Sync,
    F: Fn(A, Attempt) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send,
{
    type Value = T;
    type Error = E;
    const WAIT_MODE: WaitMode = WaitMode::Async;

    fn execute(
        &self,
        args: Cow<'_, A>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<T, E>> + Send {
        (self.0)(args.into_owned(), attempt)
    }
}

impl<A, T, E, F> OwnedFunction<A> for Blocking<F>
where
    A: Clone + Send + Sync,
    F: Fn(&A, Attempt) -> Result<T, E> + Clone + Send + Sync + 'static,
{
    type Value = T;
    type Error = E;
    const WAIT_MODE: WaitMode = WaitMode::Blocking;

    async fn execute(&self, args: Cow<'_, A>, attempt: Attempt) -> Result<T, E> {
        (self.0)(&args, attempt)
    }
}

/// One call, which can be made again.
pub(super) struct OwnedCall<'p, E, Outside, Inside, A, F, K> {
    pipeline: &'p Pipeline<E, Outside, Inside>,
    args: A,
    function: F,
    identity: K,
    again: fn(&Self) -> Background,
}

impl<'p, E, Outside, Inside, A, F, K> OwnedCall<'p, E, Outside, Inside, A, F, K>
where
    E: Send + Sync + 'static,
    Outside: Send + Sync + 'static,
    Inside: Send + Sync + 'static,
    A: Clone + Send + Sync + 'static,
{
    pub(super) fn new<T>(
        pipeline: &'p Pipeline<E, Outside, Inside>,
        args: A,
        function: F,
        identity: K,
    ) -> Self
    where
        T: Clone + Send + Sync + 'static,
        F: OwnedFunction<A, Value = T, Error = E>,
        K: OwnedIdentity<A> + OwnedValue<T>,
        (Outside, Inside): Places<T, E>,
    {
        Self {
            pipeline,
            args,
            function,
            identity,
            again: Self::again::<T>,
        }
    }

    fn again<T>(&self) -> Background
    where
        T: Clone + Send + Sync + 'static,
        F: OwnedFunction<A, Value = T, Error = E>,
        K: OwnedIdentity<A> + OwnedValue<T>,
        (Outside, Inside): Places<T, E>,
    {
        let pipeline = self.pipeline.clone();
        let (args, function) = (self.args.clone(), self.function.clone());
        let identity = self.identity;
        let job = async move {
            // The cache has the value; of an error the observers hear.
            let _ = pipeline.own(args, function, identity).await;
        };
        match F::WAIT_MODE {
            WaitMode::Async => Background::Async(Box::pin(job)),
            WaitMode::Blocking => Background::Blocking(Box::new(move || block_on(job))),
        }
    }

    /// The arguments with the fallback value of an attempt.
    fn args(&self, attempt: Attempt) -> Cow<'_, A> {
        let hooks = &self.pipeline.arguments;
        if hooks.values().is_none() {
            return Cow::Borrowed(&self.args);
        }
        let mut args = self.args.clone();
        hooks.put_value(&mut args, attempt.fallback_index);
        Cow::Owned(args)
    }
}

impl<T, E, Outside, Inside, A, F, K> Operation<T, E> for OwnedCall<'_, E, Outside, Inside, A, F, K>
where
    E: Send + Sync + 'static,
    Outside: Send + Sync + 'static,
    Inside: Send + Sync + 'static,
    A: Clone + Send + Sync + 'static,
    F: OwnedFunction<A, Value = T, Error = E>,
    K: OwnedIdentity<A> + OwnedValue<T>,
{
    async fn attempt(&self, _: &opero_core::Context<'_>, attempt: Attempt) -> Result<T, Error<E>> {
        let executed = self.function.execute(self.args(attempt), attempt);
        executed.await.map_err(Error::from)
    }

    fn arguments(&self) -> &dyn Arguments {
        self
    }

    fn policy(&self) -> &dyn CallPolicy<T, E> {
        self
    }
}

impl<E, Outside, Inside, A, F, K> Arguments for OwnedCall<'_, E, Outside, Inside, A, F, K>
where
    E: Send + Sync + 'static,
    Outside: Send + Sync + 'static,
    Inside: Send + Sync + 'static,
    A: Clone + Send + Sync + 'static,
    F: Send + Sync,
    K: OwnedIdentity<A>,
{
    fn key(&self) -> Option<Key> {
        let own = self.pipeline.arguments.cache_key(&self.args);
        self.identity.key(&self.function, &self.args, own)
    }

    fn stable_key(&self, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        #[cfg(feature = "serde")]
        if let Some(name) = self.identity.name() {
            let own = self
                .pipeline
                .arguments
                .stable_cache_key(&self.args, name, out);
            if own.is_some() {
                return own;
            }
        }
        self.identity.stable_key(&self.args, out)
    }

    fn in_background(&self) -> Option<Background> {
        Some((self.again)(self))
    }

    fn fallback_values(&self) -> usize {
        self.pipeline.arguments.values().unwrap_or(1)
    }

    fn rate_key(&self, attempt: Attempt) -> Option<Key> {
        let args = self.args(attempt);
        self.pipeline.arguments.rate_key(&*args)?.rate_key(attempt)
    }

    fn stable_rate_key(
        &self,
        attempt: Attempt,
        out: &mut KeyBytes,
    ) -> Option<Result<(), CodecError>> {
        let args = self.args(attempt);
        let keyed = self.pipeline.arguments.rate_key(&*args)?;
        keyed.stable_rate_key(attempt, out)
    }

    fn cost(&self, attempt: Attempt) -> u32 {
        self.pipeline.arguments.cost(&*self.args(attempt))
    }
}

impl<T, E, Outside, Inside, A, F, K> CallPolicy<T, E> for OwnedCall<'_, E, Outside, Inside, A, F, K>
where
    E: Send + Sync,
    Outside: Send + Sync,
    Inside: Send + Sync,
    A: Send + Sync,
    F: Send + Sync,
    K: OwnedValue<T> + Send + Sync,
{
    fn codec(&self) -> Option<Codec<T>> {
        self.identity.codec()
    }
}
