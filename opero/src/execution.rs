use std::future::Future;

use opero_core::{Attempt, Context, Error, Event, Operation, Stage};

/// The innermost stage: says that the function starts and ends.
#[derive(Debug, Clone, Copy)]
pub struct Execution;

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
            if !cx.observed() {
                return next.attempt(cx, attempt).await;
            }
            cx.emit(Event::ExecutionStarted { attempt });
            let started = cx.now();
            let result = next.attempt(cx, attempt).await;
            cx.emit(Event::ExecutionEnded {
                attempt,
                elapsed: cx.now().since(started),
                ok: result.is_ok(),
            });
            result
        }
    }
}
