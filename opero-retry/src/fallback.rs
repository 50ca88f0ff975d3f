use opero_core::{Attempt, Cause, Context, Error, Event, Operation, Refused, RefusedKind, Stage};

/// The stage that tries the fallback values in order until one succeeds.
///
/// The operation says how many there are ([`Operation::alternatives`]), takes the one that [`Attempt::alternative`]
/// counts to, and says which of its errors are worth the next one ([`Operation::fallback_on`]). When all fail, the last
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
    /// It has no parameters: everything it asks, the operation knows.
    pub const fn new() -> Self {
        Self {}
    }
}

impl<T: Send, E: Send> Stage<T, E> for Fallback {
    // An `async fn` would hold every argument twice in its future.
    #[allow(clippy::manual_async_fn)]
    #[inline]
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        async move {
            let alternatives = next.alternatives();
            if alternatives == 0 {
                return Err(empty(cx));
            }
            let attempt = attempt.with_alternative(0);
            match next.attempt(cx, attempt).await {
                Ok(value) => Ok(value),
                Err(error) if alternatives == 1 => Err(error.after(Vec::new(), attempt)),
                // Boxed: what only failures need neither widens the future nor costs a success.
                Err(error) => Box::pin(others(cx, attempt, &next, alternatives, error)).await,
            }
        }
    }
}

/// The values after the preferred one, which failed with `error`.
#[cold]
async fn others<T: Send, E: Send, N: Operation<T, E>>(
    cx: &Context<'_>,
    mut attempt: Attempt,
    next: &N,
    alternatives: usize,
    mut error: Error<E>,
) -> Result<T, Error<E>> {
    let mut earlier = Vec::new();
    loop {
        let following = attempt.alternative + 1;
        if following >= alternatives || !worth_the_next(next, error.cause()) {
            return Err(error.after(earlier, attempt));
        }
        error.push_onto(&mut earlier, attempt);
        attempt = attempt.with_alternative(following);
        cx.emit(Event::FallbackUsed { attempt });
        error = match next.attempt(cx, attempt).await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
    }
}

#[cold]
fn empty<E>(cx: &Context<'_>) -> Error<E> {
    let refused = Refused::from(RefusedKind::EmptyFallback);
    cx.emit(Event::Refused {
        kind: refused.kind(),
    });
    Error::refused(refused)
}

fn worth_the_next<T, E>(next: &impl Operation<T, E>, cause: &Cause<E>) -> bool {
    match cause {
        Cause::Function(error) => next.fallback_on(error),
        // A silent limiter is transient, so worth a retry after a delay, but no value gets past it.
        Cause::Refused(refused) => {
            refused.is_transient() && !matches!(refused.kind(), RefusedKind::RateBackend { .. })
        }
    }
}
