//! A decorated function with its arguments, as the shell and the stages see it.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::ops::Deref;

use opero_core::{
    Arguments, Attempt, Background, CodecError, ConfigError, Error, Key, Limits, Waiting,
};

use super::answers::Policy;
use super::recipe::{Callee, Failure, Return, Value};
use super::{Adapter, Function};
use crate::Stages;
use crate::fast_path::Permits;
use crate::route::Placed;
use crate::shell::{SyncTarget, Target};

/// How the body of a function runs.
pub trait Body<S, I, R>: Send + Sync {
    /// How it waits.
    const WAITING: Waiting;

    /// The name of the user's closure. It holds the path of the function and the types it is generic over, and nothing of
    /// this crate's own types: it is a part of keys that other versions must find again.
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
    const WAITING: Waiting = Waiting::Async;

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

impl<S: Sync, I: Sync, R, F> Body<S, I, R> for SyncBody<F>
where
    F: Fn(&S, &I, Attempt) -> R + Send + Sync,
{
    type Future = Ready<R>;
    const WAITING: Waiting = Waiting::Blocking;

    fn name() -> &'static str {
        std::any::type_name::<F>()
    }

    #[inline]
    fn execute(&self, shared: &S, item: &I, attempt: Attempt) -> Ready<R> {
        ready((self.0)(shared, item, attempt))
    }
}

/// A body that needs no future.
pub trait BlockingBody<S, I, R>: Body<S, I, R> {
    /// Executes it once.
    fn execute_sync(&self, shared: &S, item: &I, attempt: Attempt) -> R;
}

impl<S: Sync, I: Sync, R, F> BlockingBody<S, I, R> for SyncBody<F>
where
    F: Fn(&S, &I, Attempt) -> R + Send + Sync,
{
    #[inline]
    fn execute_sync(&self, shared: &S, item: &I, attempt: Attempt) -> R {
        (self.0)(shared, item, attempt)
    }
}

/// One call: a recipe, owned or borrowed, with its item.
pub struct Bound<Q: Deref<Target: Callee>> {
    pub(super) recipe: Q,
    pub(super) item: <Q::Target as Callee>::Item,
}

/// Without the arguments: they may hold secrets.
impl<Q: Deref<Target: Callee>> fmt::Debug for Bound<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bound")
            .field(&self.recipe.function().name())
            .finish()
    }
}

/// A recipe that a call owns.
#[derive(Debug)]
pub(super) struct Own<P>(pub(super) P);

impl<P> Deref for Own<P> {
    type Target = P;

    #[inline]
    fn deref(&self) -> &P {
        &self.0
    }
}

#[deny(clippy::missing_trait_methods)]
impl<Q> Arguments for Bound<Q>
where
    Q: Deref<Target: Callee> + Send + Sync,
{
    fn key(&self) -> Option<Key> {
        self.recipe.key(&self.item)
    }

    fn stable_key(&self, out: &mut Vec<u8>) -> Option<Result<(), CodecError>> {
        self.recipe.stable_key(&self.item, out)
    }

    fn in_background(&self) -> Option<Background> {
        self.recipe.in_background(&self.item)
    }

    #[inline]
    fn alternatives(&self) -> usize {
        self.recipe.alternatives()
    }

    fn rate_key(&self) -> Option<Key> {
        self.recipe.rate_key(&self.item)
    }

    fn stable_rate_key(&self, out: &mut Vec<u8>) -> Option<Result<(), CodecError>> {
        self.recipe.stable_rate_key(&self.item, out)
    }

    fn cost(&self) -> u32 {
        self.recipe.cost(&self.item)
    }

    fn encode(&self, attempt: Attempt, out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.recipe.encode(&self.item, attempt, out)
    }
}

impl<Q> Target for Bound<Q>
where
    Q: Deref<Target: Callee<Adapter: Adapter<Value: Send, Error: Send>>> + Send + Sync,
{
    type Value = Value<Q::Target>;
    type Error = Failure<Q::Target>;
    type Returned = Return<Q::Target>;
    type Policy = Policy<Value<Q::Target>, Failure<Q::Target>>;

    #[inline]
    fn stages(&self) -> Result<&Stages, &ConfigError> {
        let function: &'static Function = self.recipe.function();
        function.stages()
    }

    #[inline]
    fn policy(&self) -> Self::Policy {
        self.recipe.policy()
    }

    // Always: a key that passes through memory in halves stalls the load of the whole.
    #[inline(always)]
    fn key(&self) -> Option<Key> {
        self.recipe.key(&self.item)
    }

    #[inline]
    fn alternatives(&self) -> usize {
        self.recipe.alternatives()
    }

    #[inline]
    fn permits(&self) -> Permits {
        self.recipe.permits(&self.item)
    }

    #[inline]
    fn whole(&self) -> Option<&dyn Arguments> {
        <Q::Target as Callee>::whole(self)
    }

    #[inline]
    fn lift(returned: Self::Returned) -> Result<Self::Value, Error<Self::Error>> {
        <Q::Target as Callee>::Adapter::lift(returned)
    }
}

impl<Q: Deref<Target: Callee>> Bound<Q> {
    /// Executes the function once.
    #[inline]
    pub(super) fn execute(&self, _: Limits, attempt: Attempt) -> <Q::Target as Callee>::Future {
        self.recipe.execute(&self.item, attempt)
    }
}

impl<Q> Placed for Bound<Q>
where
    Self: Target,
    Q: Deref<Target: Callee> + Send + Sync,
{
    type Places = <Q::Target as Callee>::Places;

    fn places(&self) -> &Self::Places {
        self.recipe.places()
    }
}

impl<Q> SyncTarget for Bound<Q>
where
    Self: Target<Returned = Return<Q::Target>>,
    Q: Deref<Target: BlockingCallee> + Send + Sync,
{
    #[inline]
    fn execute_sync(&self, attempt: Attempt) -> Self::Returned {
        self.recipe.execute_sync(&self.item, attempt)
    }
}

/// A [`Callee`] that needs no future.
pub trait BlockingCallee: Callee {
    /// Executes the function once.
    fn execute_sync(&self, item: &Self::Item, attempt: Attempt) -> Return<Self>;
}
