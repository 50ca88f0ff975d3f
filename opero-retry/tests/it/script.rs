//! An operation that follows a script, and a record of what the stages did with it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opero_core::Next;
use opero_core::mechanism::pass_through;
use opero_retry::{
    Arguments, Attempt, CallPolicy, Context, Error, Event, Fallback, Mechanism, Operation,
    Rejected, RejectedKind, Retry,
};
use proptest::prelude::*;

/// What one execution does.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Value,
    Failure(Failure),
    /// The attempt's time is over.
    TimedOut,
    /// A parameter is wrong: nothing will ever come of it.
    Hopeless,
    /// A stage rejects in another way.
    Rejected(RejectedKind),
}

/// The function's own error, which knows what the stages ask of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) retryable: bool,
    pub(crate) next_value: bool,
    pub(crate) hint: Option<Duration>,
}

pub(crate) const PLAIN: Failure = Failure {
    retryable: true,
    next_value: true,
    hint: None,
};

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed as the script says")
    }
}

/// Executes the outcomes one after another, the last one for ever.
#[derive(Debug)]
pub(crate) struct Script {
    outcomes: Vec<Outcome>,
    fallback_values: usize,
    executions: AtomicUsize,
    /// Waited for in every execution, on the call's clock.
    work: Duration,
    /// How the predicates see a rejection.
    rejected_as: Option<Failure>,
}

impl Script {
    pub(crate) fn new(outcomes: impl Into<Vec<Outcome>>) -> Self {
        Self {
            outcomes: outcomes.into(),
            fallback_values: 1,
            executions: AtomicUsize::new(0),
            work: Duration::ZERO,
            rejected_as: None,
        }
    }

    pub(crate) fn failing() -> Self {
        Self::new([Outcome::Failure(PLAIN)])
    }

    pub(crate) fn fallback_values(mut self, fallback_values: usize) -> Self {
        self.fallback_values = fallback_values;
        self
    }

    pub(crate) fn working(mut self, work: Duration) -> Self {
        self.work = work;
        self
    }

    pub(crate) fn rejected_as(mut self, failure: impl Into<Option<Failure>>) -> Self {
        self.rejected_as = failure.into();
        self
    }

    pub(crate) fn executions(&self) -> usize {
        self.executions.load(Ordering::Relaxed)
    }
}

impl Operation<usize, Failure> for Script {
    async fn attempt(&self, cx: &Context<'_>, attempt: Attempt) -> Result<usize, Error<Failure>> {
        cx.emit(Event::ExecutionStarted { attempt });
        let execution = self.executions.fetch_add(1, Ordering::Relaxed);
        cx.sleep(self.work).await;
        let outcome = self.outcomes.get(execution).or(self.outcomes.last());
        match outcome.expect("a script has outcomes") {
            Outcome::Value => Ok(execution),
            Outcome::Failure(failure) => Err(failure.clone().into()),
            Outcome::TimedOut => Err(Error::rejected(RejectedKind::AttemptTimeout {
                limit: Duration::from_secs(1),
            })),
            Outcome::Rejected(kind) => Err(Error::rejected(kind.clone())),
            Outcome::Hopeless => Err(Error::rejected(Rejected::from(
                opero_retry::ConfigError::new("rate_burst", "is odd", "make it even"),
            ))),
        }
    }

    fn arguments(&self) -> &dyn Arguments {
        self
    }

    fn policy(&self) -> &dyn CallPolicy<usize, Failure> {
        self
    }
}

impl Arguments for Script {
    fn fallback_values(&self) -> usize {
        self.fallback_values
    }
}

impl CallPolicy<usize, Failure> for Script {
    fn retry_on(&self, failure: &Failure) -> bool {
        failure.retryable
    }

    fn retry_after(&self, failure: &Failure) -> Option<Duration> {
        failure.hint
    }

    fn fallback_on(&self, failure: &Failure) -> bool {
        failure.next_value
    }

    fn as_error(&self, _: &Rejected) -> Option<Failure> {
        self.rejected_as.clone()
    }
}

/// Every event, as text.
#[derive(Debug, Default)]
pub(crate) struct Trace(Mutex<Vec<String>>);

impl Trace {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl opero_retry::Observer for Trace {
    fn on_event(&self, _: &str, event: &Event<'_>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(format!("{event:?}"));
    }
}

/// A millisecond count as a duration.
pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn failures() -> impl Strategy<Value = Failure> {
    let hint = prop::option::weighted(0.3, (0..5_000_u64).prop_map(ms));
    (prop::bool::weighted(0.9), any::<bool>(), hint).prop_map(|(retryable, next_value, hint)| {
        Failure {
            retryable,
            next_value,
            hint,
        }
    })
}

/// Mostly failures, so that scripts are long.
pub(crate) fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    let far = RejectedKind::RateWait {
        needed: ms(2),
        limit: ms(1),
    };
    let late = RejectedKind::Elapsed {
        needed: ms(2),
        left: ms(1),
    };
    let breaker = RejectedKind::Stage {
        stage: "breaker",
        reason: "open".to_owned(),
    };
    let outcome = prop_oneof![
        8 => failures().prop_map(Outcome::Failure),
        1 => Just(Outcome::Value),
        1 => Just(Outcome::TimedOut),
        1 => Just(Outcome::Hopeless),
        1 => Just(Outcome::Rejected(far)),
        1 => Just(Outcome::Rejected(late)),
        1 => Just(Outcome::Rejected(breaker)),
    ];
    prop::collection::vec(outcome, 1..20)
}

/// A retry around a fallback that work on one call, as in a pipeline.
#[derive(Debug)]
pub(crate) struct Pipe(pub(crate) Retry);

impl Mechanism for Pipe {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        let fallback = Fallback::new();
        self.0.pass(cx, attempt, &mut fallback.around(next)).await;
    }
}

impl Pipe {
    pub(crate) async fn call(
        &self,
        cx: &Context<'_>,
        script: &Script,
    ) -> Result<usize, Error<Failure>> {
        pass_through(self, cx, Attempt::FIRST, script, None).await
    }
}
