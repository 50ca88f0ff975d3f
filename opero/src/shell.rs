//! What is compiled for each function: the fast path, and how the rest of a call is handed to the stages.
//!
//! A call runs like this: look for a hit; else start the first attempt, in the shell's own frame; only if neither settles
//! it, [`Stages::run`] does the rest, in a box of its own, with the types forgotten.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use opero_core::{
    Arguments, AsyncCall, Attempt, CallPolicy, ConfigError, Context, Error, Keeping, Limits, Slot,
    SyncCall, Waiting,
};

use crate::fast_path::Permits;
use crate::order::{CacheUse, Rest, Stages};

/// A function with its arguments.
pub trait Target: Arguments {
    /// The value that a cache keeps.
    type Value: Send;
    /// The error that retry and fallback look at.
    type Error: Send;
    /// What one execution returns.
    type Returned;
    /// How values and errors are judged.
    type Policy: CallPolicy<Self::Value, Self::Error>;

    /// The function's stages.
    ///
    /// # Errors
    /// Why they could not be built.
    fn stages(&self) -> Result<&Stages, &ConfigError>;

    /// How values and errors are judged.
    fn policy(&self) -> Self::Policy;

    /// The permits of an execution.
    fn permits(&self) -> Permits {
        Permits::ONE
    }

    /// Executes the function once.
    fn execute(
        &self,
        limits: Limits,
        attempt: Attempt,
    ) -> impl Future<Output = Self::Returned> + Send;

    /// What the function returned, for the pipeline.
    ///
    /// # Errors
    /// The function's own.
    fn lift(returned: Self::Returned) -> Result<Self::Value, Error<Self::Error>>;
}

/// A synchronous function with its arguments.
pub trait SyncTarget: Target {
    /// Executes the function once.
    fn execute_sync(&self, attempt: Attempt) -> Self::Returned;
}

/// What a caller gets.
pub trait Ending<T, E>: Copy + Send + Sync {
    /// Its type.
    type Output;

    /// For a value.
    fn value(self, value: T) -> Self::Output;

    /// For what a whole call came to; `None` where it is a refusal that the type cannot hold.
    fn result(self, result: Result<T, Error<E>>) -> Option<Self::Output>;
}

/// The pipeline's own result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plainly;

impl<T, E> Ending<T, E> for Plainly {
    type Output = Result<T, Error<E>>;

    #[inline]
    fn value(self, value: T) -> Self::Output {
        Ok(value)
    }

    #[inline]
    fn result(self, result: Result<T, Error<E>>) -> Option<Self::Output> {
        Some(result)
    }
}

/// An async call through the cache.
#[inline]
#[allow(clippy::manual_async_fn)] // An `async fn` keeps each of its arguments twice.
pub(crate) fn cached<X, D>(
    target: X,
    cx: Option<&Context<'_>>,
    ending: D,
) -> impl Future<Output = D::Output> + Send
where
    X: Target,
    X::Value: Clone + Sync + 'static,
    D: Ending<X::Value, X::Error>,
{
    async move {
        let key = target.key();
        if let Some(key) = key
            && let Ok(stages) = target.stages()
            && let Some(entry) = stages.hit(cx, Waiting::Async, key)
            && let Some(value) = entry.value::<X::Value>()
        {
            return ending.value(value.clone());
        }
        let rest = Rest::new(CacheUse::Through(key));
        // Bound to a name: no temporary of this statement lives in the future.
        let rest = run(&target, cx, ending, Some(Keeping::CLONE), None, rest);
        rest.await
    }
}

/// An async call past the cache.
#[inline]
#[allow(clippy::manual_async_fn)] // An `async fn` keeps each of its arguments twice.
pub(crate) fn uncached<X, D>(
    target: X,
    cx: Option<&Context<'_>>,
    ending: D,
) -> impl Future<Output = D::Output> + Send
where
    X: Target,
    D: Ending<X::Value, X::Error>,
{
    async move {
        let (alternatives, permits) = (target.alternatives(), target.permits());
        let first = match target.stages() {
            Ok(stages) => stages.begin(cx, Waiting::Async, alternatives, permits),
            Err(_) => None,
        };
        let first = match first {
            None => None,
            Some(mut limit) => {
                let ended = {
                    let mut running = pin!(target.execute(Limits::NONE, Attempt::FIRST));
                    poll_fn(|task| match running.as_mut().poll(task) {
                        Poll::Ready(returned) => Poll::Ready(Some(returned)),
                        Poll::Pending => limit.poll(task).map(|()| None),
                    })
                    .await
                };
                match ended.map(X::lift) {
                    Some(Ok(value)) => return ending.value(value),
                    Some(failed) => Some(failed),
                    None => Some(Err(Error::refused(limit.refusal()))),
                }
            }
        };
        let rest = Rest::new(CacheUse::Past);
        let rest = run(&target, cx, ending, None, first, rest);
        rest.await
    }
}

/// What is left of an async call, in one box. `first` is what its first attempt came to, if that has run.
#[cold]
pub(crate) fn run<'f, X, D>(
    target: &'f X,
    cx: Option<&'f Context<'f>>,
    ending: D,
    keeping: Option<Keeping<X::Value>>,
    first: Option<Result<X::Value, Error<X::Error>>>,
    mut rest: Rest,
) -> Pin<Box<dyn Future<Output = D::Output> + Send + 'f>>
where
    X: Target,
    D: Ending<X::Value, X::Error> + 'f,
{
    rest.has_begun = first.is_some();
    Box::pin(async move {
        let policy = target.policy();
        let mut slot = Slot::new(&policy, keeping);
        if let Some(first) = first {
            slot.put(Attempt::FIRST, first);
        }
        let make = |cx: &Context<'_>, attempt| target.execute(cx.limits(), attempt);
        let running = pin!(None);
        let mut call = AsyncCall::new(target, make, X::lift, running, slot);
        Stages::run(target.stages(), cx, Attempt::FIRST, &mut call, rest).await;
        loop {
            if let Some(output) = ending.result(call.take_result()) {
                return output;
            }
            // The honest way out of a refusal that the return type cannot hold is the function's own answer.
            Stages::run_bare(&mut call).await;
        }
    })
}

/// A synchronous call through the cache.
#[inline]
pub(crate) fn cached_sync<X, D>(target: X, ending: D) -> D::Output
where
    X: SyncTarget,
    X::Value: Clone + Sync + 'static,
    D: Ending<X::Value, X::Error>,
{
    let key = target.key();
    if let Some(key) = key
        && let Ok(stages) = target.stages()
        && let Some(entry) = stages.hit(None, Waiting::Blocking, key)
        && let Some(value) = entry.value::<X::Value>()
    {
        return ending.value(value.clone());
    }
    let rest = Rest::new(CacheUse::Through(key));
    run_sync(&target, ending, Some(Keeping::CLONE), None, rest)
}

/// A synchronous call past the cache.
#[inline]
pub(crate) fn uncached_sync<X, D>(target: X, ending: D) -> D::Output
where
    X: SyncTarget,
    D: Ending<X::Value, X::Error>,
{
    let (alternatives, permits) = (target.alternatives(), target.permits());
    let first = match target.stages() {
        Ok(stages) => stages.begin(None, Waiting::Blocking, alternatives, permits),
        Err(_) => None,
    };
    let first = match first.map(|_| X::lift(target.execute_sync(Attempt::FIRST))) {
        Some(Ok(value)) => return ending.value(value),
        first => first,
    };
    run_sync(&target, ending, None, first, Rest::new(CacheUse::Past))
}

/// What is left of a synchronous call.
#[cold]
#[inline(never)]
pub(crate) fn run_sync<X, D>(
    target: &X,
    ending: D,
    keeping: Option<Keeping<X::Value>>,
    first: Option<Result<X::Value, Error<X::Error>>>,
    mut rest: Rest,
) -> D::Output
where
    X: SyncTarget,
    D: Ending<X::Value, X::Error>,
{
    rest.has_begun = first.is_some();
    let policy = target.policy();
    let mut slot = Slot::new(&policy, keeping);
    if let Some(first) = first {
        slot.put(Attempt::FIRST, first);
    }
    let execute = |_: &Context<'_>, attempt| X::lift(target.execute_sync(attempt));
    let mut call = SyncCall::new(target, execute, slot);
    Stages::run_blocking(target.stages(), &mut call, rest);
    loop {
        if let Some(output) = ending.result(call.take_result()) {
            return output;
        }
        // As in `run`.
        opero_core::block_on(Stages::run_bare(&mut call));
    }
}
