//! Calls with stages of the user's around them. Such stages see values and errors, so their part of
//! a call has its types; each attempt that they make is boxed, and they are compiled once for each
//! pair of types.

use std::future::Future;
use std::pin::{Pin, pin};

use opero_core::{
    Arguments, AsyncCall, Attempt, CallPolicy, Context, Error, Operation, Slot, Stage,
};

use crate::order::{Rest, Stages};
use crate::rest::{Boxed, TypedCall};

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
pub(crate) async fn staged<'f, T, E, P, R, Out, In>(
    call: &TypedCall<'f, T, E, P, R, Boxed<'f, R>>,
    outside: &Out,
    inside: &In,
    cx: &Context<'_>,
) -> Result<T, Error<E>>
where
    T: Send,
    E: Send,
    P: CallPolicy<T, E>,
    Out: Place<T, E>,
    In: Place<T, E>,
{
    let whole = Whole { call, inside };
    outside
        .pass(cx, Attempt::FIRST, call.following(&whole))
        .await
}

impl<T, E, P: CallPolicy<T, E>, R, M> TypedCall<'_, T, E, P, R, M> {
    fn following<'f>(&'f self, attempts: &'f dyn Attempts<T, E>) -> Following<'f, T, E> {
        Following {
            attempts,
            arguments: &self.arguments,
            policy: &self.policy,
        }
    }
}

/// What stands behind the outer place: opero's stages, and in them the inner place.
struct Whole<'c, 'f, T, E, P, R, In> {
    call: &'c TypedCall<'f, T, E, P, R, Boxed<'f, R>>,
    inside: &'c In,
}

impl<T, E, P, R, In> Attempts<T, E> for Whole<'_, '_, T, E, P, R, In>
where
    T: Send,
    E: Send,
    P: CallPolicy<T, E>,
    In: Place<T, E>,
{
    fn attempt<'f>(&'f self, cx: &'f Context<'f>, attempt: Attempt) -> Typed<'f, T, E> {
        Box::pin(async move {
            let call = self.call;
            let execution = Execution { call };
            let make = |inner: &Context<'_>, attempt| -> Typed<'_, T, E> {
                let cx = cx.with_limits(inner.limits());
                let (inside, next) = (self.inside, call.following(&execution));
                Box::pin(async move { inside.pass(&cx, attempt, next).await })
            };
            let running = pin!(None);
            let slot = Slot::new(&call.policy, call.keeping);
            let mut attempts = AsyncCall::new(&call.arguments, make, |it| it, running, slot);
            let rest = Rest {
                is_staged: true,
                ..Rest::new(call.cache)
            };
            Stages::run(call.stages, Some(cx), attempt, &mut attempts, rest).await;
            attempts.take_result()
        })
    }
}

/// What stands behind the inner place: one execution of the function.
struct Execution<'c, 'f, T, E, P, R> {
    call: &'c TypedCall<'f, T, E, P, R, Boxed<'f, R>>,
}

impl<T, E, P, R> Attempts<T, E> for Execution<'_, '_, T, E, P, R>
where
    T: Send,
    E: Send,
    P: CallPolicy<T, E>,
{
    fn attempt<'f>(&'f self, cx: &'f Context<'f>, attempt: Attempt) -> Typed<'f, T, E> {
        Box::pin(async move {
            let call = self.call;
            let stages = call
                .stages
                .map_err(|error| Error::rejected(error.clone()))?;
            let make = |cx: &Context<'_>, attempt| call.make.make(cx.limits(), attempt);
            let running = pin!(None);
            let slot = Slot::new(&call.policy, None);
            let mut attempts = AsyncCall::new(&call.arguments, make, call.lift, running, slot);
            stages.execute(cx, attempt, &mut attempts).await;
            attempts.take_result()
        })
    }
}
