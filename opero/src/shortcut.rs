//! The first attempt without the machinery for the others.
//!
//! Most calls succeed at once. Where nobody watches and nothing is timed, such a call needs a permit and its function,
//! and no more; so the first attempt runs bare, and only its failure brings the stages in. They then begin with that
//! failure in place of the first attempt and go on as always.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;

use opero_core::sync::lock;
use opero_core::{Attempt, Context, Error, Operation, Stage, forward_operation};

use crate::order::Stages;
use crate::place::Place;

/// Everything behind the cache, as one stage.
#[derive(Debug)]
pub struct Attempts<'a, Inside> {
    stages: &'a Stages,
    inside: &'a Inside,
}

impl<'a, Inside> Attempts<'a, Inside> {
    pub(crate) const fn new(stages: &'a Stages, inside: &'a Inside) -> Self {
        Self { stages, inside }
    }
}

impl<T: Send, E: Send, Inside: Place<T, E>> Stage<T, E> for Attempts<'_, Inside> {
    #[inline]
    #[allow(clippy::manual_async_fn)] // An `async fn` keeps each of its arguments twice.
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        async move {
            if !self.may_start_bare(cx, &next) {
                let limited = self.stages.limited(self.inside, next);
                return self.stages.retried(cx, attempt, limited).await;
            }
            match next.attempt(cx, attempt).await {
                Ok(value) => Ok(value),
                Err(error) => self.resume(cx, attempt, next, error).await,
            }
        }
    }
}

impl<Inside> Attempts<'_, Inside> {
    /// May the first attempt run bare? If so, its permits are taken.
    #[inline]
    pub(crate) fn may_start_bare<T, E>(&self, cx: &Context<'_>, next: &impl Operation<T, E>) -> bool
    where
        Inside: Place<T, E>,
    {
        self.stages.is_untimed()
            && self.inside.is_transparent()
            && !cx.observed()
            && next.alternatives() > 0
            && self.stages.admits(next)
    }

    /// Goes on after a bare first attempt that failed with `error`. Boxed, so that success pays nothing for it.
    #[cold]
    pub(crate) fn resume<'f, T, E, N>(
        &'f self,
        cx: &'f Context<'_>,
        attempt: Attempt,
        next: N,
        error: Error<E>,
    ) -> Pin<Box<dyn Future<Output = Result<T, Error<E>>> + Send + 'f>>
    where
        T: Send + 'f,
        E: Send + 'f,
        N: Operation<T, E> + 'f,
        Inside: Place<T, E>,
    {
        let resumed = Resumed {
            first: Mutex::new(Some(error)),
            next: self.stages.limited(self.inside, next),
        };
        Box::pin(self.stages.retried(cx, attempt, resumed))
    }
}

/// An operation whose first attempt has failed already.
struct Resumed<N, E> {
    first: Mutex<Option<Error<E>>>,
    next: N,
}

#[deny(clippy::missing_trait_methods)]
impl<T: Send, E: Send, N: Operation<T, E>> Operation<T, E> for Resumed<N, E> {
    async fn attempt(&self, cx: &Context<'_>, attempt: Attempt) -> Result<T, Error<E>> {
        let first = lock(&self.first).take();
        match first {
            Some(error) => Err(error),
            None => self.next.attempt(cx, attempt).await,
        }
    }
    forward_operation!(T, E, self => self.next);
}
