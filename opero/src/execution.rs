use opero_core::{Attempt, Context, Error, Event, Operation, Stage};

/// The innermost stage: says that the function starts and ends.
#[derive(Debug, Clone, Copy)]
pub struct Execution;

impl<T: Send, E: Send> Stage<T, E> for Execution {
    #[inline]
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
    ) -> Result<T, Error<E>> {
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
