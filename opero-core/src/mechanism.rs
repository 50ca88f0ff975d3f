//! Stages that are compiled once: they see a call with its types forgotten.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{self, Poll};

use crate::outcome::{Keeping, Slot};
use crate::{Arguments, AsyncCall, Attempt, Call, Context, Error, Operation, Outcome};

/// A mechanism around a call: it decides whether, when and how often `next` is attempted.
///
/// This is a [`Stage`](crate::Stage) that never looks at a value or an error itself, but asks the call's [`Outcome`]. It is
/// generic over what stands behind it and over nothing of the user's, so a pipeline of mechanisms is compiled once for all
/// functions. opero's own stages are mechanisms.
///
/// A mechanism keeps no state in the future that a drop would strand: a call cancelled at any await point leaves no lock,
/// permit or flight behind.
pub trait Mechanism: Send + Sync {
    /// Passes a call through this mechanism to `next`. What it came to stands in the call's outcome.
    fn pass<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
    ) -> impl Future<Output = ()> + Send;

    /// This mechanism around `next`.
    fn around<N: Next>(&self, next: N) -> Around<'_, Self, N>
    where
        Self: Sized,
    {
        Around {
            mechanism: self,
            next,
        }
    }
}

/// A switched-off mechanism costs one branch.
impl<M: Mechanism> Mechanism for Option<M> {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        match self {
            Some(mechanism) => mechanism.pass(cx, attempt, next).await,
            None => next.attempt(cx, attempt).await,
        }
    }
}

/// Nothing around the call.
impl Mechanism for () {
    fn pass<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
    ) -> impl Future<Output = ()> + Send {
        next.attempt(cx, attempt)
    }
}

/// What stands behind a mechanism: further mechanisms, and at last the call.
pub trait Next: Send {
    /// Attempts the call once, through all that stands behind.
    fn attempt(&mut self, cx: &Context<'_>, attempt: Attempt) -> impl Future<Output = ()> + Send;

    /// The call, to ask what it knows and what it came to.
    fn call(&mut self) -> &mut (dyn Call + '_);

    /// What the call knows of its arguments.
    fn arguments(&mut self) -> &dyn Arguments {
        Call::arguments(self.call())
    }

    /// What the call has come to so far.
    fn outcome(&mut self) -> &mut (dyn Outcome + '_) {
        Call::outcome(self.call())
    }
}

/// The call itself.
impl Next for &mut (dyn Call + '_) {
    async fn attempt(&mut self, cx: &Context<'_>, attempt: Attempt) {
        self.start(cx, attempt);
        Running(&mut **self).await;
    }

    fn call(&mut self) -> &mut (dyn Call + '_) {
        &mut **self
    }
}

impl<N: Next> Next for &mut N {
    fn attempt(&mut self, cx: &Context<'_>, attempt: Attempt) -> impl Future<Output = ()> + Send {
        (**self).attempt(cx, attempt)
    }

    fn call(&mut self) -> &mut (dyn Call + '_) {
        (**self).call()
    }
}

/// An attempt under way. Dropping it drops the attempt.
struct Running<'c>(&'c mut (dyn Call + 'c));

impl Future for Running<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut task::Context<'_>) -> Poll<()> {
        self.0.poll(task)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// A mechanism with what it attempts.
#[derive(Debug)]
pub struct Around<'m, M, N> {
    mechanism: &'m M,
    next: N,
}

impl<M: Mechanism, N: Next> Next for Around<'_, M, N> {
    fn attempt(&mut self, cx: &Context<'_>, attempt: Attempt) -> impl Future<Output = ()> + Send {
        self.mechanism.pass(cx, attempt, &mut self.next)
    }

    fn call(&mut self) -> &mut (dyn Call + '_) {
        self.next.call()
    }
}

/// A typed operation passed through a mechanism: what makes every mechanism a [`Stage`](crate::Stage) of any types.
///
/// `keeping` says how values go into a cache and out of it, for a mechanism that keeps some.
///
/// # Errors
/// What the last attempt came to, with the attempts before it.
pub async fn pass_through<M, T, E, N>(
    mechanism: &M,
    cx: &Context<'_>,
    attempt: Attempt,
    next: &N,
    keeping: Option<Keeping<T>>,
) -> Result<T, Error<E>>
where
    M: Mechanism,
    T: Send,
    E: Send,
    N: Operation<T, E>,
{
    let base = *cx;
    let make = |cx: &Context<'_>, attempt| {
        let cx = base.with_limits(cx.limits());
        async move { next.attempt(&cx, attempt).await }
    };
    let running = pin!(None);
    let slot = Slot::new(next.policy(), keeping);
    let mut call = AsyncCall::new(next.arguments(), make, |result| result, running, slot);
    let mut erased: &mut (dyn Call + '_) = &mut call;
    mechanism.pass(cx, attempt, &mut erased).await;
    call.take_result()
}
