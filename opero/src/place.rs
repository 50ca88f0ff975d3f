//! Where a stage of the user's can stand in the order, and what costs nothing where none stands.

use std::future::Future;

use opero_core::{Attempt, Context, Error, Operation, Stage, Then};

/// A place for a stage of the user's: [`Absent`], or [`Present`] with the stage.
///
/// It is settled by its type, so that an empty place adds nothing to the pipeline's state machine.
pub trait Place<T, E>: Send + Sync {
    /// An operation with this place's stage around it.
    type Around<'a, N: Operation<T, E>>: Operation<T, E>
    where
        Self: 'a;

    /// Puts this place's stage around `next`.
    fn around<'a, N: Operation<T, E>>(&'a self, next: N) -> Self::Around<'a, N>;

    /// Calls `next` through this place's stage and then through `stage`.
    fn lead<S: Stage<T, E>, N: Operation<T, E>>(
        &self,
        stage: &S,
        cx: &Context<'_>,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send;

    /// Does every call pass this place untouched?
    fn is_transparent(&self) -> bool;
}

/// No stage of the user's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Absent;

/// A stage of the user's.
#[derive(Debug, Clone, Copy, Default)]
pub struct Present<S>(
    /// The stage.
    pub S,
);

impl<T, E> Place<T, E> for Absent {
    type Around<'a, N: Operation<T, E>> = N;

    #[inline]
    fn around<N: Operation<T, E>>(&self, next: N) -> N {
        next
    }

    #[inline]
    fn lead<S: Stage<T, E>, N: Operation<T, E>>(
        &self,
        stage: &S,
        cx: &Context<'_>,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        stage.call(cx, Attempt::FIRST, next)
    }

    #[inline]
    fn is_transparent(&self) -> bool {
        true
    }
}

impl<T, E, P: Stage<T, E>> Place<T, E> for Present<P> {
    type Around<'a, N: Operation<T, E>>
        = Then<'a, P, N>
    where
        Self: 'a;

    #[inline]
    fn around<'a, N: Operation<T, E>>(&'a self, next: N) -> Then<'a, P, N> {
        Then::new(&self.0, next)
    }

    #[inline]
    fn lead<S: Stage<T, E>, N: Operation<T, E>>(
        &self,
        stage: &S,
        cx: &Context<'_>,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        self.0.call(cx, Attempt::FIRST, Then::new(stage, next))
    }

    #[inline]
    fn is_transparent(&self) -> bool {
        self.0.is_transparent()
    }
}
