use std::future::Future;

use opero_core::{Attempt, Context, Error, Event, Operation, Stage};

use crate::mechanism::retry::TimeoutSlot;

/// The innermost stage: executes the function, in its limited time, and says that it starts and ends.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) timeout: TimeoutSlot,
}

impl<T: Send, E: Send> Stage<T, E> for Execution {
    #[inline]
    #[allow(clippy::manual_async_fn)] // An `async fn` keeps each of its arguments twice.
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        async move {
            if !cx.observed() && Stage::<T, E>::is_transparent(&self.timeout) {
                return next.attempt(cx, attempt).await;
            }
            cx.emit(Event::ExecutionStarted { attempt });
            let started = cx.now();
            let result = self.timeout.call(cx, attempt, &next).await;
            cx.emit(Event::ExecutionEnded {
                attempt,
                elapsed: cx.now().since(started),
                ok: result.is_ok(),
            });
            result
        }
    }
}
