use std::time::Duration;

use opero_core::mechanism::pass_through;
use opero_core::{
    Attempt, ConfigError, Context, Error, Event, Instant, Mechanism, Next, Operation, Outcome,
    Refused, RefusedKind, Stage,
};

use crate::{Decision, Delays, Failure, RetryPolicy};

/// The stage that attempts a call again after a failure.
///
/// The call's policy says which of its errors are worth it ([`CallPolicy::retry_on`](opero_core::CallPolicy::retry_on)) and
/// how long the other side asked to wait ([`CallPolicy::retry_after`](opero_core::CallPolicy::retry_after)). Of the other stages' refusals only the transient ones are tried again, such as a
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
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        pass_through(self, cx, attempt, &next, None).await
    }
}

impl Mechanism for Retry {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        let started = self.policy.max_elapsed.map(|_| cx.now());
        next.attempt(cx, attempt).await;
        if !next.outcome().is_ok() {
            // Boxed: what only failures need neither widens the future nor costs a success.
            Box::pin(self.again(cx, attempt, next, started)).await;
        }
    }
}

impl Retry {
    /// All that comes after the first failure.
    #[cold]
    async fn again<N: Next>(
        &self,
        cx: &Context<'_>,
        mut attempt: Attempt,
        next: &mut N,
        started: Option<Instant>,
    ) {
        let mut failed = Failures::new(&self.policy, started);
        // Not for the first attempt: where that one cannot start, there is no error to return instead.
        let deadline = started.zip(self.policy.max_elapsed);
        let within = deadline.map_or(*cx, |(started, limit)| cx.with_deadline(started + limit));
        loop {
            let retried = match failed.decide(&self.policy, cx, next.outcome()) {
                Decision::Wait(delay) => {
                    cx.emit(Event::RetryScheduled { attempt, delay });
                    cx.sleep(delay).await;
                    // A timer may wake late: what was right before the wait is checked after it.
                    self.policy.may_start(failed.elapsed(cx), Duration::ZERO)
                }
                Decision::Return => false,
            };
            if !retried {
                return give_up(cx, attempt, next.outcome());
            }
            next.outcome().set_aside();
            attempt = attempt.next();
            next.attempt(&within, attempt).await;
            if next.outcome().is_ok() {
                return;
            }
        }
    }
}

/// The call's error is that of the last attempt which came to start.
fn give_up(cx: &Context<'_>, mut attempt: Attempt, outcome: &mut dyn Outcome) {
    let kind = outcome.refusal().map(Refused::kind);
    if matches!(kind, Some(RefusedKind::Elapsed { .. })) {
        outcome.drop_last();
        attempt = outcome.last_attempt();
    }
    cx.emit(Event::GaveUp { attempt });
}

/// What the next decision needs of the failed attempts of one call.
struct Failures {
    delays: Delays,
    /// Counted here, since a retry around this one numbers its attempts too.
    count: u32,
    /// When the call began; absent without `max_elapsed`, which alone asks for it.
    started: Option<Instant>,
}

impl Failures {
    fn new(policy: &RetryPolicy, started: Option<Instant>) -> Self {
        Self {
            delays: policy.backoff.delays(),
            count: 0,
            started,
        }
    }

    /// Gathers what the policy wants to know, and asks it.
    fn decide(
        &mut self,
        policy: &RetryPolicy,
        cx: &Context<'_>,
        outcome: &dyn Outcome,
    ) -> Decision {
        self.count = self.count.saturating_add(1);
        let (retryable, hint) = match outcome.refusal() {
            None => (outcome.retry_on(), outcome.retry_after()),
            Some(refused) => (refused.is_transient(), None),
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
