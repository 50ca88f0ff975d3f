use opero::Error;
use opero::extend::{Attempt, Context, Operation, Stage};

use super::Trace;

/// A stage of a user's that notes when a call goes in and when its result comes out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around(pub(crate) &'static str);

impl<T: Send, E: Send> Stage<T, E> for Around {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        let trace = Trace::of(cx.function());
        trace.note(format!("{}: in", self.0));
        let result = next.attempt(cx, attempt).await;
        trace.note(format!("{}: out", self.0));
        result
    }
}
