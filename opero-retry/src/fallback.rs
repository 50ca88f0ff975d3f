use std::ops::Range;

use opero_core::mechanism::pass_through;
use opero_core::{
    Attempt, Context, Error, Event, Holds, Mechanism, Next, Operation, Outcome, Rejected,
    RejectedKind, Stage,
};

/// The stage that tries the fallback values in order until one succeeds.
///
/// The call says how many there are ([`Arguments::fallback_values`](opero_core::Arguments::fallback_values)), takes the one that
/// [`Attempt::fallback_index`] counts to, and says which of its errors are worth the next one
/// ([`CallPolicy::fallback_on`](opero_core::CallPolicy::fallback_on)). When all fail, the last
/// error is returned, with the earlier ones in it. Put inside a [`Retry`](crate::Retry), one attempt of the retry tries
/// every value before it backs off.
///
/// Of the other stages' rejections, those are worth the next value that another value may escape: a permit that is too far away,
/// and, unless the call says otherwise ([`CallPolicy::as_error`](opero_core::CallPolicy::as_error)), a timeout, a crash or
/// the rejection of a user's own stage. A wrong parameter is the same for every value.
///
/// In a pipeline, a value whose error asked to be left alone for a time is passed over until then.
///
/// An empty list is rejected with [`RejectedKind::EmptyFallback`].
///
/// ```
/// use opero_retry::{Attempt, Fallback, Stage, operation};
///
/// let models = ["gpt-4", "gpt-3.5"];
/// let ask = operation(|attempt: Attempt| async move {
///     match models[attempt.fallback_index] {
///         "gpt-4" => Err("overloaded"),
///         model => Ok(format!("{model}: hello")),
///     }
/// })
/// .with_fallback_values(models.len());
/// assert_eq!(Fallback::new().execute_sync(&ask).unwrap(), "gpt-3.5: hello");
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Fallback {}

impl Fallback {
    /// It has no parameters: everything it asks, the call knows.
    pub const fn new() -> Self {
        Self {}
    }
}

impl<T: Send, E: Send> Stage<T, E> for Fallback {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        pass_through(self, cx, attempt, &next, None).await
    }
}

impl Mechanism for Fallback {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        let fallback_values = next.arguments().fallback_values();
        let mut attempt = attempt.with_fallback_index(0);
        if fallback_values == 0 {
            return reject_empty(cx, attempt, next.outcome());
        }
        let holds = next.outcome().holds();
        if !holds.is_empty() {
            attempt = attempt.with_fallback_index(first_open(cx, holds, fallback_values));
        }
        loop {
            if attempt.fallback_index > 0 {
                cx.emit(Event::FallbackUsed { attempt });
            }
            next.attempt(cx, attempt).await;
            let outcome = next.outcome();
            if outcome.is_ok() {
                return;
            }
            let values = attempt.fallback_index + 1..fallback_values;
            let Some(following) = open(cx, outcome.holds(), values) else {
                return;
            };
            if !outcome.fallback_on() {
                return;
            }
            outcome.set_aside();
            attempt = attempt.with_fallback_index(following);
        }
    }
}

/// The first of some values that is not held.
fn open(cx: &Context<'_>, holds: &Holds, mut values: Range<usize>) -> Option<usize> {
    if holds.is_empty() {
        return values.next();
    }
    let now = cx.now();
    values.find(|value| !holds.is_held(*value, now))
}

/// The first value that is not held, or else the one that is held no longer than the others.
#[cold]
fn first_open(cx: &Context<'_>, holds: &Holds, fallback_values: usize) -> usize {
    let earliest = || holds.earliest().map_or(0, |(value, _)| value);
    open(cx, holds, 0..fallback_values).unwrap_or_else(earliest)
}

#[cold]
fn reject_empty(cx: &Context<'_>, attempt: Attempt, outcome: &mut dyn Outcome) {
    let rejected = Rejected::from(RejectedKind::EmptyFallback);
    cx.emit(Event::Rejected {
        kind: rejected.kind(),
    });
    outcome.reject(attempt, rejected);
}
