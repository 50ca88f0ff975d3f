use opero_core::mechanism::pass_through;
use opero_core::{
    Attempt, Context, Error, Event, Mechanism, Next, Operation, Outcome, Refused, RefusedKind,
    Stage,
};

/// The stage that tries the fallback values in order until one succeeds.
///
/// The call says how many there are ([`Arguments::alternatives`](opero_core::Arguments::alternatives)), takes the one that
/// [`Attempt::alternative`] counts to, and says which of its errors are worth the next one
/// ([`CallPolicy::fallback_on`](opero_core::CallPolicy::fallback_on)). When all fail, the last
/// error is returned, with the earlier ones in it. Put inside a [`Retry`](crate::Retry), one attempt of the retry tries
/// every value before it backs off.
///
/// Of the other stages' refusals, those are worth the next value that another value may escape: a timeout, or the
/// transient refusal of a user's own stage. A wrong parameter, an exhausted rate limit or a limiter that does not
/// answer is the same for every value.
///
/// An empty list is refused with [`RefusedKind::EmptyFallback`].
///
/// ```
/// use opero_retry::{Attempt, Fallback, Stage, operation};
///
/// let models = ["gpt-4", "gpt-3.5"];
/// let ask = operation(|attempt: Attempt| async move {
///     match models[attempt.alternative] {
///         "gpt-4" => Err("overloaded"),
///         model => Ok(format!("{model}: hello")),
///     }
/// })
/// .with_alternatives(models.len());
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
        let alternatives = next.arguments().alternatives();
        let mut attempt = attempt.with_alternative(0);
        if alternatives == 0 {
            return refuse_empty(cx, attempt, next.outcome());
        }
        loop {
            next.attempt(cx, attempt).await;
            let outcome = next.outcome();
            let following = attempt.alternative + 1;
            if outcome.is_ok() || following >= alternatives || !is_worth_the_next(outcome) {
                return;
            }
            outcome.set_aside();
            attempt = attempt.with_alternative(following);
            cx.emit(Event::FallbackUsed { attempt });
        }
    }
}

#[cold]
fn refuse_empty(cx: &Context<'_>, attempt: Attempt, outcome: &mut dyn Outcome) {
    let refused = Refused::from(RefusedKind::EmptyFallback);
    cx.emit(Event::Refused {
        kind: refused.kind(),
    });
    outcome.refuse(attempt, refused);
}

fn is_worth_the_next(outcome: &dyn Outcome) -> bool {
    match outcome.refusal() {
        None => outcome.fallback_on(),
        // A silent limiter is transient, so worth a retry after a delay, but no value gets past it.
        Some(refused) => {
            refused.is_transient() && !matches!(refused.kind(), RefusedKind::RateBackend { .. })
        }
    }
}
