use std::time::Duration;

use opero_core::{
    Attempt, Cause, ConfigError, Context, Error, Event, FailedAttempt, Instant, Operation,
    RefusedKind, Stage,
};

use crate::{Decision, Delays, Failure, RetryPolicy};

/// The stage that attempts a call again after a failure.
///
/// The operation says which of its errors are worth it ([`Operation::retry_on`]) and how long the other side asked to
/// wait ([`Operation::retry_after`]). Of the other stages' refusals only the transient ones are tried again, such as a
/// timeout: a wrong parameter stays wrong. The error of the last attempt is returned, with the earlier ones in it.
///
/// On success it allocates nothing, draws no random number, and reads the clock only where `max_elapsed` is set.
///
/// ```
/// use opero_retry::{Retry, RetryPolicy, Stage};
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// let retry = Retry::new(RetryPolicy::default())?;
/// let calls = AtomicU32::new(0);
/// let answer = retry.run_sync(|attempt| match calls.fetch_add(1, Ordering::Relaxed) {
///     0 => Err("busy"),
///     _ => Ok(attempt.number),
/// });
/// assert_eq!(answer.unwrap(), 2);
/// # Ok::<(), opero_retry::ConfigError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Retry {
    policy: RetryPolicy,
}

impl Retry {
    /// Follows `policy`.
    ///
    /// # Errors
    /// Those of [`RetryPolicy::validate`].
    pub fn new(policy: RetryPolicy) -> Result<Self, ConfigError> {
        policy.validate()?;
        Ok(Self { policy })
    }

    /// What it follows.
    pub fn policy(&self) -> &RetryPolicy {
        &self.policy
    }
}

impl<T: Send, E: Send> Stage<T, E> for Retry {
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
            let started = self.policy.max_elapsed.map(|_| cx.now());
            match next.attempt(cx, attempt).await {
                Ok(value) => Ok(value),
                // Boxed: what only failures need neither widens the future nor costs a success.
                Err(error) => Box::pin(self.again(cx, attempt, &next, started, error)).await,
            }
        }
    }
}

impl Retry {
    /// All that comes after the first failure.
    #[cold]
    async fn again<T: Send, E: Send, N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        mut attempt: Attempt,
        next: &N,
        started: Option<Instant>,
        mut error: Error<E>,
    ) -> Result<T, Error<E>> {
        let mut failed = Failures::new(&self.policy, started);
        // Not for the first attempt: where that one cannot start, there is no error to return instead.
        let deadline = started.zip(self.policy.max_elapsed);
        let within = deadline.map_or(*cx, |(started, limit)| cx.with_deadline(started + limit));
        loop {
            let retried = match failed.decide(&self.policy, cx, next, &error) {
                Decision::Wait(delay) => {
                    cx.emit(Event::RetryScheduled { attempt, delay });
                    cx.sleep(delay).await;
                    // A timer may wake late: what was right before the wait is checked after it.
                    self.policy.may_start(failed.elapsed(cx), Duration::ZERO)
                }
                Decision::Return => false,
            };
            if !retried {
                return Err(give_up(cx, failed.earlier, attempt, error));
            }
            error.push_onto(&mut failed.earlier, attempt);
            attempt = attempt.next();
            error = match next.attempt(&within, attempt).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
        }
    }
}

/// The call's error: that of the last attempt which came to start.
fn give_up<E>(
    cx: &Context<'_>,
    earlier: Vec<FailedAttempt<E>>,
    attempt: Attempt,
    error: Error<E>,
) -> Error<E> {
    let started = !matches!(error.cause(), Cause::Refused(refused)
        if matches!(refused.kind(), RefusedKind::Elapsed { .. }));
    let error = error.after(earlier, attempt);
    if started {
        cx.emit(Event::GaveUp { attempt });
        return error;
    }
    let error = error.without_last();
    cx.emit(Event::GaveUp {
        attempt: error.last_attempt(),
    });
    error
}

/// The failed attempts of one call, and what the next decision needs of them.
struct Failures<E> {
    earlier: Vec<FailedAttempt<E>>,
    delays: Delays,
    /// Counted here, since a retry around this one numbers its attempts too.
    count: u32,
    /// When the call began; absent without `max_elapsed`, which alone asks for it.
    started: Option<Instant>,
}

impl<E> Failures<E> {
    fn new(policy: &RetryPolicy, started: Option<Instant>) -> Self {
        Self {
            earlier: Vec::new(),
            delays: policy.backoff.delays(),
            count: 0,
            started,
        }
    }

    /// Gathers what the policy wants to know, and asks it.
    fn decide<T>(
        &mut self,
        policy: &RetryPolicy,
        cx: &Context<'_>,
        next: &impl Operation<T, E>,
        error: &Error<E>,
    ) -> Decision {
        self.count = self.count.saturating_add(1);
        let (retryable, hint) = match error.cause() {
            Cause::Function(error) => (next.retry_on(error), next.retry_after(error)),
            Cause::Refused(refused) => (refused.is_transient(), None),
        };
        policy.decide(Failure {
            attempts: self.count,
            elapsed: self.elapsed(cx),
            retryable,
            hint,
            backoff: self.delays.next(),
        })
    }

    fn elapsed(&self, cx: &Context<'_>) -> Duration {
        self.started
            .map_or(Duration::ZERO, |started| cx.now().since(started))
    }
}
