use std::time::Duration;

use opero_core::mechanism::pass_through;
use opero_core::{
    Attempt, ConfigError, Context, Error, Event, Instant, Mechanism, Next, Operation, Outcome,
    Rejected, RejectedKind, Stage,
};

use crate::{Decision, Delays, Failure, RetryPolicy};

/// The stage that attempts a call again after a failure.
///
/// The call's policy says which of its errors are worth it ([`CallPolicy::retry_on`](opero_core::CallPolicy::retry_on)) and
/// how long the other side asked to wait ([`CallPolicy::retry_after`](opero_core::CallPolicy::retry_after)). Of the other
/// stages' rejections only those that [may pass](Rejected::is_transient) are tried again, such as a timeout, unless the policy
/// says otherwise ([`CallPolicy::as_error`](opero_core::CallPolicy::as_error)). The error of the last attempt is returned,
/// with the earlier ones in it.
///
/// Around a [`Fallback`](crate::Fallback) it judges all errors of a round of values: one that is worth it is enough, and the
/// wait is the shortest after which any value may be attempted again. In a pipeline, where one retry and one fallback work
/// on one call, a value whose hint is not over by then is passed over.
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
    let is_elapsed = |outcome: &dyn Outcome| {
        let kind = outcome.rejection().map(Rejected::kind);
        matches!(kind, Some(RejectedKind::Elapsed { .. }))
    };
    while is_elapsed(outcome) && outcome.drop_last() {
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

/// When a value may be attempted again that failed in this round.
struct Due {
    failure: usize,
    hint: Option<Duration>,
    delay: Duration,
}

impl Failures {
    fn new(policy: &RetryPolicy, started: Option<Instant>) -> Self {
        Self {
            delays: policy.backoff.delays(),
            count: 0,
            started,
        }
    }

    /// Finds the first time at which a value may be attempted again, and asks whether that one's error is worth it. Predicates
    /// are asked last: they may count.
    fn decide(
        &mut self,
        policy: &RetryPolicy,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
    ) -> Decision {
        self.count = self.count.saturating_add(1);
        let backoff = self.delays.next();
        let mut failure = Failure {
            attempts: self.count,
            elapsed: self.elapsed(cx),
            hint: Some(Duration::ZERO),
            spread: Duration::ZERO,
            backoff,
        };
        let Some(backoff) = backoff.filter(|_| policy.decide(failure) != Decision::Return) else {
            return Decision::Return;
        };
        let dues = dues(outcome, backoff);
        let held = hold(cx, outcome, &dues);
        for due in dues {
            failure.hint = match held {
                Some(held) if held < due.delay => Some(held),
                _ => due.hint,
            };
            failure.spread = failure
                .hint
                .map_or(Duration::ZERO, |hint| self.delays.spread(hint));
            let decision = policy.decide(failure);
            if decision == Decision::Return || outcome.retry_on(due.failure) {
                return decision;
            }
        }
        Decision::Return
    }

    fn elapsed(&self, cx: &Context<'_>) -> Duration {
        self.started
            .map_or(Duration::ZERO, |started| cx.now().since(started))
    }
}

/// The failures of a round, that of the value first which may be attempted again first.
fn dues(outcome: &mut dyn Outcome, backoff: Duration) -> Vec<Due> {
    let failures = 0..outcome.failures();
    let mut dues: Vec<_> = failures
        .map(|failure| {
            let hint = outcome.retry_after(failure);
            let delay = hint.unwrap_or(backoff);
            Due {
                failure,
                hint,
                delay,
            }
        })
        .collect();
    dues.sort_by_key(|due| due.delay);
    dues
}

/// Holds the values of a round for as long as their errors asked. Returns the shortest hold among the values that were passed
/// over in this round.
fn hold(cx: &Context<'_>, outcome: &mut dyn Outcome, dues: &[Due]) -> Option<Duration> {
    let is_hinted = dues.iter().any(|due| due.hint.is_some());
    if !is_hinted && outcome.holds().is_empty() {
        return None;
    }
    let now = cx.now();
    for due in dues {
        let failed = outcome.failed(due.failure);
        outcome.holds().release(failed.fallback_index);
    }
    let passed_over = outcome.holds().earliest();
    for due in dues {
        if let Some(hint) = due.hint {
            let failed = outcome.failed(due.failure);
            outcome.holds().hold(failed.fallback_index, now + hint);
        }
    }
    passed_over.map(|(_, until)| until.since(now))
}
