//! Builds the call of a decorated function step by step, so that every closure knows the types of
//! its arguments.

use std::future::{Future, Ready, ready};
use std::marker::PhantomData;

use opero_core::{Attempt, Background, CodecError, KeyBytes, KeyHasher, WaitMode};

use super::adapter::Adapter;
use super::function::Function;
#[cfg(feature = "map-journal")]
use super::keys::WithRecord;
use super::keys::{Encoded, KeyOf, NoKey, ProbedKey, StableKey, WithBytes, WithRefresh};
use super::policy::{MakePolicy, PolicyFunctions};

/// The first step: the function, its return type, its shared arguments, the type of its item, and
/// its body.
#[derive(Debug)]
pub struct CallBody<A, S, I, B> {
    function: &'static Function,
    shared: S,
    body: B,
    types: PhantomData<fn() -> (A, I)>,
}

impl<A: Adapter, S, I, F> CallBody<A, S, I, AsyncBody<F>> {
    /// Starts the call of an async function that returns what `adapter` says, with arguments that
    /// all attempts share.
    #[inline]
    pub fn asynchronous<Fut>(function: &'static Function, _: A, shared: S, body: F) -> Self
    where
        F: Fn(&S, &I, Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = A::Return> + Send,
    {
        Self {
            function,
            shared,
            body: AsyncBody(body),
            types: PhantomData,
        }
    }
}

impl<A: Adapter, S, I, F> CallBody<A, S, I, SyncBody<F>> {
    /// Starts the call of a synchronous function.
    #[inline]
    pub fn synchronous(function: &'static Function, _: A, shared: S, body: F) -> Self
    where
        F: Fn(&S, &I, Attempt) -> A::Return + Send + Sync,
    {
        Self {
            function,
            shared,
            body: SyncBody(body),
            types: PhantomData,
        }
    }
}

/// Adds the key to a call's body. A macro, since a function would be compiled for each of the
/// user's functions.
macro_rules! builder {
    ($bodied:ident, $key:expr, $outside:ident, $inside:ident, $policy:ident) => {
        CallBuilder {
            function: $bodied.function,
            shared: $bodied.shared,
            body: $bodied.body,
            key: $key,
            places: ($outside, $inside),
            policy: $policy,
            types: PhantomData,
        }
    };
}

impl<A: Adapter, S, I, B> CallBody<A, S, I, B> {
    /// Looks calls up under the arguments that `key` hashes.
    #[inline]
    pub fn cached<K, Out, In, C>(
        self,
        key: K,
        outside: Out,
        inside: In,
        policy: C,
    ) -> CallBuilder<A, S, I, B, KeyOf<K>, Out, In, C>
    where
        K: Fn(&S, &I, &mut KeyHasher) + Send + Sync,
        C: MakePolicy<S, I, A::Value, A::Error>,
    {
        builder!(self, KeyOf(key), outside, inside, policy)
    }

    /// Looks calls up under the arguments that `key` makes bytes of, for a store that outlives the
    /// process.
    #[inline]
    pub fn recorded<K, Out, In, C>(
        self,
        key: K,
        outside: Out,
        inside: In,
        policy: C,
    ) -> CallBuilder<A, S, I, B, StableKey<K>, Out, In, C>
    where
        K: Fn(&S, &I, &mut KeyBytes) -> Result<(), CodecError> + Send + Sync,
        C: MakePolicy<S, I, A::Value, A::Error>,
    {
        builder!(self, StableKey(key), outside, inside, policy)
    }

    /// Looks calls up under the arguments that `key` hashes, or, where only a store that outlives
    /// the process shows to be behind the cache, that `stable` makes bytes of, if it can.
    #[inline]
    pub fn probed<K, P, Out, In, C>(
        self,
        key: K,
        stable: P,
        outside: Out,
        inside: In,
        policy: C,
    ) -> CallBuilder<A, S, I, B, ProbedKey<K, P>, Out, In, C>
    where
        K: Fn(&S, &I, &mut KeyHasher) + Send + Sync,
        P: Fn(&S, &I, &mut KeyBytes) -> Encoded + Send + Sync,
        C: MakePolicy<S, I, A::Value, A::Error>,
    {
        builder!(self, ProbedKey { key, stable }, outside, inside, policy)
    }

    /// Executes each call.
    #[inline]
    pub fn uncached<Out, In, C>(
        self,
        outside: Out,
        inside: In,
        policy: C,
    ) -> CallBuilder<A, S, I, B, NoKey, Out, In, C>
    where
        C: MakePolicy<S, I, A::Value, A::Error>,
    {
        builder!(self, NoKey, outside, inside, policy)
    }
}

/// A function with its shared arguments, the user's own stages, and its call policy.
pub struct CallBuilder<A, S, I, B, K, Out, In, C> {
    pub(super) function: &'static Function,
    pub(super) shared: S,
    pub(super) body: B,
    pub(super) key: K,
    pub(super) places: (Out, In),
    pub(super) policy: C,
    types: PhantomData<fn() -> (A, I)>,
}

impl<A, S, I, B, K, Out, In, C> CallBuilder<A, S, I, B, K, Out, In, C> {
    /// Adds all that a stage may ask for later: bytes for other processes, those of its `rate_key`
    /// or of its arguments; and the limiter and the cost of each fallback value.
    #[inline]
    pub fn with_bytes(self) -> CallBuilder<A, S, I, B, WithBytes<K>, Out, In, C> {
        self.map_key(WithBytes)
    }

    /// Sets the call policy, by a closure without captures of any size.
    #[inline]
    pub fn with_policy<D>(self, policy: D) -> CallBuilder<A, S, I, B, K, Out, In, D>
    where
        A: Adapter,
        D: Fn() -> PolicyFunctions<S, I, A::Value, A::Error>,
    {
        CallBuilder {
            function: self.function,
            shared: self.shared,
            body: self.body,
            key: self.key,
            places: self.places,
            policy,
            types: PhantomData,
        }
    }

    /// Replaces the key.
    #[inline]
    pub(super) fn map_key<L>(
        self,
        change: impl FnOnce(K) -> L,
    ) -> CallBuilder<A, S, I, B, L, Out, In, C> {
        CallBuilder {
            function: self.function,
            shared: self.shared,
            body: self.body,
            key: change(self.key),
            places: self.places,
            policy: self.policy,
            types: PhantomData,
        }
    }

    /// Adds the background refresh: `again` makes the same call with owned arguments.
    #[inline]
    pub fn with_refresh<G>(self, again: G) -> CallBuilder<A, S, I, B, WithRefresh<K, G>, Out, In, C>
    where
        G: Fn(&S, &I) -> Option<Background> + Send + Sync,
    {
        self.map_key(|key| WithRefresh { key, again })
    }

    /// Identifies items in a record by `record`.
    #[cfg(feature = "map-journal")]
    #[inline]
    pub fn with_record<G>(self, record: G) -> CallBuilder<A, S, I, B, WithRecord<K, G>, Out, In, C>
    where
        G: Fn(&S, &I, &mut KeyBytes) -> Encoded + Send + Sync,
    {
        self.map_key(|key| WithRecord { key, record })
    }
}

/// How the body of a function runs.
pub trait Body<S, I, R>: Send + Sync {
    /// How it waits for the function.
    const WAIT_MODE: WaitMode;

    /// The name of the user's closure. It holds the path of the function and the types it is
    /// generic over, and nothing of this crate's own types: it is a part of keys that other
    /// versions must find again.
    fn name() -> &'static str;

    /// One execution of it.
    type Future: Future<Output = R>;

    /// Executes it once.
    fn execute(&self, shared: &S, item: &I, attempt: Attempt) -> Self::Future;
}

/// The body of an async function: a closure that makes a future.
#[derive(Debug, Clone, Copy)]
pub struct AsyncBody<F>(pub(super) F);

impl<S, I, R, F, Fut> Body<S, I, R> for AsyncBody<F>
where
    F: Fn(&S, &I, Attempt) -> Fut + Send + Sync,
    Fut: Future<Output = R>,
{
    type Future = Fut;
    const WAIT_MODE: WaitMode = WaitMode::Async;

    fn name() -> &'static str {
        std::any::type_name::<F>()
    }

    #[inline]
    fn execute(&self, shared: &S, item: &I, attempt: Attempt) -> Fut {
        (self.0)(shared, item, attempt)
    }
}

/// The body of a synchronous function.
#[derive(Debug, Clone, Copy)]
pub struct SyncBody<F>(pub(super) F);

impl<S, I, R, F> Body<S, I, R> for SyncBody<F>
where
    F: Fn(&S, &I, Attempt) -> R + Send + Sync,
{
    type Future = Ready<R>;
    const WAIT_MODE: WaitMode = WaitMode::Blocking;

    fn name() -> &'static str {
        std::any::type_name::<F>()
    }

    #[inline]
    fn execute(&self, shared: &S, item: &I, attempt: Attempt) -> Ready<R> {
        ready((self.0)(shared, item, attempt))
    }
}
