use std::time::Duration;

use opero_core::{Attempt, Cause, ConfigError, Context, Error, Event, Instant, Operation, Stage};

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
    #[inline]
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        mut attempt: Attempt,
        next: &N,
    ) -> Result<T, Error<E>> {
        let mut call = Call::start(&self.policy, cx);
        let mut earlier = Vec::new();
        loop {
            let error = match next.attempt(cx, attempt).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let retried = match call.failed(cx, next, &error) {
                Decision::Wait(delay) => {
                    cx.emit(Event::RetryScheduled { attempt, delay });
                    cx.sleep(delay).await;
                    call.may_start_now(cx)
                }
                Decision::Return => false,
            };
            if !retried {
                cx.emit(Event::GaveUp { attempt });
                return Err(error.after(earlier, attempt));
            }
            error.push_onto(&mut earlier, attempt);
            attempt = attempt.next();
        }
    }
}

/// One call's way through its attempts.
struct Call<'a> {
    policy: &'a RetryPolicy,
    /// Absent without `max_elapsed`, which alone asks for it.
    started: Option<Instant>,
    /// Made at the first failure.
    delays: Option<Delays>,
    /// Counted here, since a retry around this one numbers its attempts too.
    failures: u32,
}

impl<'a> Call<'a> {
    #[inline]
    fn start(policy: &'a RetryPolicy, cx: &Context<'_>) -> Self {
        Self {
            policy,
            started: policy.max_elapsed.map(|_| cx.now()),
            delays: None,
            failures: 0,
        }
    }

    /// Gathers what the policy wants to know, and asks it.
    #[cold]
    fn failed<T, E>(
        &mut self,
        cx: &Context<'_>,
        next: &impl Operation<T, E>,
        error: &Error<E>,
    ) -> Decision {
        self.failures = self.failures.saturating_add(1);
        let (retryable, hint) = match error.cause() {
            Cause::Function(error) => (next.retry_on(error), next.retry_after(error)),
            Cause::Refused(refused) => (refused.is_transient(), None),
        };
        let elapsed = self.elapsed(cx);
        let delays = self
            .delays
            .get_or_insert_with(|| self.policy.backoff.delays());
        self.policy.decide(Failure {
            attempts: self.failures,
            elapsed,
            retryable,
            hint,
            backoff: delays.next(),
        })
    }

    /// A timer may wake late: the decision that was right before the wait is checked after it.
    fn may_start_now(&self, cx: &Context<'_>) -> bool {
        self.policy.may_start(self.elapsed(cx), Duration::ZERO)
    }

    fn elapsed(&self, cx: &Context<'_>) -> Duration {
        self.started
            .map_or(Duration::ZERO, |started| cx.now().since(started))
    }
}
