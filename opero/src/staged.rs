//! Calls with stages of the user's around them. Such stages see values and errors, so their part of a call has its types;
//! each attempt that they make is boxed, and they are compiled once for each pair of types.

use std::future::Future;
use std::pin::{Pin, pin};

use opero_core::{
    Arguments, AsyncCall, Attempt, CallPolicy, Context, Error, Keeping, Operation, Slot, Stage,
};

use crate::order::{CacheUse, Rest, Stages};
use crate::shell::Target;

/// A place without a stage of the user's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Absent;

/// A place with a stage of the user's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Present<S>(
    /// The stage.
    pub S,
);

/// One of the two places, outside or inside.
pub trait Place<T, E>: Send + Sync {
    /// Passes a call through the stage that stands there.
    fn pass<'f>(
        &'f self,
        cx: &'f Context<'f>,
        attempt: Attempt,
        next: Following<'f, T, E>,
    ) -> Typed<'f, T, E>;
}

/// An attempt of a typed call.
pub(crate) type Typed<'f, T, E> = Pin<Box<dyn Future<Output = Result<T, Error<E>>> + Send + 'f>>;

impl<T, E> Place<T, E> for Absent {
    fn pass<'f>(
        &'f self,
        cx: &'f Context<'f>,
        attempt: Attempt,
        next: Following<'f, T, E>,
    ) -> Typed<'f, T, E> {
        next.attempts.attempt(cx, attempt)
    }
}

impl<T, E, S: Stage<T, E>> Place<T, E> for Present<S> {
    fn pass<'f>(
        &'f self,
        cx: &'f Context<'f>,
        attempt: Attempt,
        next: Following<'f, T, E>,
    ) -> Typed<'f, T, E> {
        Box::pin(self.0.call(cx, attempt, next))
    }
}

/// What stands behind a stage of the user's.
pub struct Following<'f, T, E> {
    attempts: &'f dyn Attempts<T, E>,
    arguments: &'f dyn Arguments,
    policy: &'f dyn CallPolicy<T, E>,
}

#[deny(clippy::missing_trait_methods)]
impl<T, E> Operation<T, E> for Following<'_, T, E> {
    async fn attempt(&self, cx: &Context<'_>, attempt: Attempt) -> Result<T, Error<E>> {
        self.attempts.attempt(cx, attempt).await
    }

    fn arguments(&self) -> &dyn Arguments {
        self.arguments
    }

    fn policy(&self) -> &dyn CallPolicy<T, E> {
        self.policy
    }
}

impl<T, E> std::fmt::Debug for Following<'_, T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Following")
    }
}

/// What can be attempted any number of times, also at once.
trait Attempts<T, E>: Send + Sync {
    fn attempt<'f>(&'f self, cx: &'f Context<'f>, attempt: Attempt) -> Typed<'f, T, E>;
}

/// A call with stages of the user's: all of it, without a fast path.
///
/// # Errors
/// What the call came to.
pub(crate) async fn staged<X, Out, In>(
    target: &X,
    outside: &Out,
    inside: &In,
    cx: &Context<'_>,
    keeping: Option<Keeping<X::Value>>,
    cache: CacheUse,
) -> Result<X::Value, Error<X::Error>>
where
    X: Target,
    Out: Place<X::Value, X::Error>,
    In: Place<X::Value, X::Error>,
{
    let policy = target.policy();
    let whole = Whole {
        target,
        policy: &policy,
        inside,
        keeping,
        cache,
    };
    let next = Following {
        attempts: &whole,
        arguments: target,
        policy: &policy,
    };
    outside.pass(cx, Attempt::FIRST, next).await
}

/// What stands behind the outer place: opero's stages, and in them the inner place.
struct Whole<'c, X: Target, In> {
    target: &'c X,
    policy: &'c X::Policy,
    inside: &'c In,
    keeping: Option<Keeping<X::Value>>,
    cache: CacheUse,
}

impl<X, In> Attempts<X::Value, X::Error> for Whole<'_, X, In>
where
    X: Target,
    In: Place<X::Value, X::Error>,
{
    fn attempt<'f>(
        &'f self,
        cx: &'f Context<'f>,
        attempt: Attempt,
    ) -> Typed<'f, X::Value, X::Error> {
        Box::pin(async move {
            let Self { target, policy, .. } = *self;
            let execution = Execution { target, policy };
            let make = |inner: &Context<'_>, attempt| {
                let cx = cx.with_limits(inner.limits());
                let next = Following {
                    attempts: &execution,
                    arguments: target,
                    policy,
                };
                let inside = self.inside;
                async move { inside.pass(&cx, attempt, next).await }
            };
            let running = pin!(None);
            let slot = Slot::new(policy, self.keeping);
            let mut call = AsyncCall::new(target, make, |result| result, running, slot);
            let rest = Rest {
                is_staged: true,
                ..Rest::new(self.cache)
            };
            Stages::run(target.stages(), Some(cx), attempt, &mut call, rest).await;
            call.take_result()
        })
    }
}

/// What stands behind the inner place: one execution of the function.
struct Execution<'c, X: Target> {
    target: &'c X,
    policy: &'c X::Policy,
}

impl<X: Target> Attempts<X::Value, X::Error> for Execution<'_, X> {
    fn attempt<'f>(
        &'f self,
        cx: &'f Context<'f>,
        attempt: Attempt,
    ) -> Typed<'f, X::Value, X::Error> {
        Box::pin(async move {
            let Self { target, policy } = *self;
            let stages = target
                .stages()
                .map_err(|error| Error::refused(error.clone()))?;
            let make = |cx: &Context<'_>, attempt| target.execute(cx.limits(), attempt);
            let running = pin!(None);
            let slot = Slot::new(policy, None);
            let mut call = AsyncCall::new(target, make, X::lift, running, slot);
            stages.execute(cx, attempt, &mut call).await;
            call.take_result()
        })
    }
}
