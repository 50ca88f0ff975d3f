use opero_core::{
    Arguments, Attempt, CodecError, Context, Event, Mechanism, Next, Outcome, Rejected,
    RejectedKind, Remote, remote,
};

use crate::mechanism::retry::TimeoutSlot;

/// The innermost mechanism: executes the function, here or in a worker process, in its limited
/// time, and emits events at the start and at the end.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) timeout: TimeoutSlot,
}

impl Mechanism for Execution {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        // A stage of the user's may stand where no fallback keeps the index in range.
        let Some(last) = next.arguments().fallback_values().checked_sub(1) else {
            let rejected = RejectedKind::EmptyFallback.into();
            return next.outcome().reject(attempt, rejected);
        };
        let attempt = attempt.with_fallback_index(attempt.fallback_index.min(last));
        cx.emit(Event::ExecutionStarted { attempt });
        let started = cx.observed().then(|| cx.now());
        let mut function = Function.around(&mut *next);
        self.timeout.pass(cx, attempt, &mut function).await;
        if let Some(started) = started {
            cx.emit(Event::ExecutionEnded {
                attempt,
                elapsed: cx.now().since(started),
                ok: next.outcome().is_ok(),
            });
        }
    }
}

/// The function itself.
struct Function;

impl Mechanism for Function {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        match cx.remote() {
            None => next.attempt(cx, attempt).await,
            // Boxed: a call that is executed here has no room to spare for it.
            Some(remote) => Box::pin(execute_remotely(cx, remote, attempt, next)).await,
        }
    }
}

/// Sends the arguments to a worker process, and takes what it sends back.
async fn execute_remotely<N: Next>(
    cx: &Context<'_>,
    remote: &dyn Remote,
    attempt: Attempt,
    next: &mut N,
) {
    let encoded = encode(remote, attempt, next.arguments());
    let executed = remote::execute(cx, remote, encoded).await;
    decode(remote, attempt, executed, next.outcome());
}

/// The bytes of an attempt's arguments.
pub(crate) fn encode(
    remote: &dyn Remote,
    attempt: Attempt,
    arguments: &dyn Arguments,
) -> Result<Vec<u8>, CodecError> {
    let mut bytes = remote.buffer();
    arguments.encode(attempt, &mut bytes).map(|()| bytes)
}

/// Makes what a worker process sent back the outcome of an attempt.
pub(crate) fn decode(
    remote: &dyn Remote,
    attempt: Attempt,
    executed: Result<Vec<u8>, Rejected>,
    outcome: &mut dyn Outcome,
) {
    match executed {
        Err(rejected) => outcome.reject(attempt, rejected),
        Ok(bytes) => {
            if let Err(error) = outcome.decode_outcome(attempt, &bytes) {
                outcome.reject(attempt, remote::transfer(&error));
            }
            remote.reuse(bytes);
        }
    }
}
