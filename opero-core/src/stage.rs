use std::future::Future;
use std::sync::Arc;

use crate::{Arguments, Attempt, CallPolicy, Context, Error, Operation, block_on, operation};

/// Something around an operation: it decides whether, when and how often `next` is attempted. This is what users write.
///
/// A stage sees the value and the error, and may attempt `next` more than once, also at the same time. In a pipeline every
/// attempt of `next` is one allocation; opero's own stages are [`Mechanism`](crate::Mechanism)s, which need none. A stage
/// keeps no state in the future that a drop would strand: a call cancelled at any await point leaves no lock, permit or
/// flight behind.
///
/// ```
/// use opero_core::{Attempt, Context, Error, Operation, Stage};
///
/// /// Logs every call that passes.
/// #[derive(Debug)]
/// struct Audit;
///
/// impl<T: Send, E: Send> Stage<T, E> for Audit {
///     async fn call<N: Operation<T, E>>(&self, cx: &Context<'_>, attempt: Attempt, next: N) -> Result<T, Error<E>> {
///         let result = next.attempt(cx, attempt).await;
///         println!("{}: {}", cx.function(), if result.is_ok() { "ok" } else { "failed" });
///         result
///     }
/// }
///
/// assert_eq!(Audit.run_sync(|_| Ok::<_, std::io::Error>(1)).unwrap(), 1);
/// ```
pub trait Stage<T, E>: Send + Sync {
    /// Passes a call through this stage to `next`.
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send;

    /// Calls an async closure through this stage alone.
    fn run<F, Fut>(&self, function: F) -> impl Future<Output = Result<T, Error<E>>> + Send
    where
        Self: Sized,
        F: Fn(Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        async move { self.execute(&operation(function)).await }
    }

    /// Calls a synchronous closure through this stage alone; waits block the thread.
    fn run_sync<F>(&self, function: F) -> Result<T, Error<E>>
    where
        Self: Sized,
        T: Send,
        E: Send,
        F: Fn(Attempt) -> Result<T, E> + Sync,
    {
        let function = &function;
        self.execute_sync(&operation(move |attempt| async move { function(attempt) }))
    }

    /// Calls an operation through this stage, from async code.
    fn execute<N: Operation<T, E>>(
        &self,
        operation: &N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send
    where
        Self: Sized,
    {
        async move {
            self.call(&Context::system(), Attempt::FIRST, operation)
                .await
        }
    }

    /// Calls an operation through this stage; waits block the thread.
    fn execute_sync<N: Operation<T, E>>(&self, operation: &N) -> Result<T, Error<E>>
    where
        Self: Sized,
    {
        block_on(self.call(&Context::blocking(), Attempt::FIRST, operation))
    }
}

/// A switched-off mechanism costs one branch.
impl<T: Send, E: Send, S: Stage<T, E>> Stage<T, E> for Option<S> {
    #[inline]
    #[allow(clippy::manual_async_fn)] // An `async fn` keeps each of its arguments twice.
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        async move {
            match self {
                Some(stage) => stage.call(cx, attempt, next).await,
                None => next.attempt(cx, attempt).await,
            }
        }
    }
}

impl<T, E, S: Stage<T, E>> Stage<T, E> for &S {
    #[inline]
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        (**self).call(cx, attempt, next)
    }
}

impl<T, E, S: Stage<T, E>> Stage<T, E> for Arc<S> {
    #[inline]
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        (**self).call(cx, attempt, next)
    }
}

/// Nothing around the operation.
impl<T: Send, E: Send> Stage<T, E> for () {
    #[inline]
    #[allow(clippy::manual_async_fn)] // An `async fn` keeps each of its arguments twice.
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        async move { next.attempt(cx, attempt).await }
    }
}

/// Two stages, one around the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stack<Outer, Inner> {
    /// Sees the call first and the result last.
    pub outer: Outer,
    /// What `outer` attempts.
    pub inner: Inner,
}

impl<Outer, Inner> Stack<Outer, Inner> {
    /// Puts `outer` around `inner`.
    pub const fn new(outer: Outer, inner: Inner) -> Self {
        Self { outer, inner }
    }
}

impl<T, E, Outer: Stage<T, E>, Inner: Stage<T, E>> Stage<T, E> for Stack<Outer, Inner> {
    /// Adds no state machine of its own: the pipeline is as deep as it has stages.
    #[inline]
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        let then = Then {
            stage: &self.inner,
            next,
        };
        self.outer.call(cx, attempt, then)
    }
}

/// The operation behind one more stage: what a [`Stack`] hands to its outer half.
#[derive(Debug, Clone, Copy)]
pub struct Then<'a, S, N> {
    stage: &'a S,
    next: N,
}

impl<'a, S, N> Then<'a, S, N> {
    /// `next`, attempted through `stage`.
    pub const fn new(stage: &'a S, next: N) -> Self {
        Self { stage, next }
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T, E, S: Stage<T, E>, N: Operation<T, E>> Operation<T, E> for Then<'_, S, N> {
    #[inline]
    fn attempt(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        self.stage.call(cx, attempt, &self.next)
    }

    fn arguments(&self) -> &dyn Arguments {
        self.next.arguments()
    }

    fn policy(&self) -> &dyn CallPolicy<T, E> {
        self.next.policy()
    }
}
