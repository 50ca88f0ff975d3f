use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use opero::Rejected;
use opero::extend::Clock;
use proptest::prelude::*;

use super::Trace;

/// What one execution of the function does.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// How long it works first.
    pub(crate) work: Duration,
    pub(crate) outcome: Outcome,
}

#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Value,
    Failure(Failure),
    /// It never returns; for async functions only.
    Hang,
}

/// The function's own error, which knows what the predicates ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) retryable: bool,
    pub(crate) next_value: bool,
    pub(crate) hint: Option<Duration>,
}

impl Failure {
    pub(crate) const PLAIN: Self = Self {
        retryable: true,
        next_value: true,
        hint: None,
    };
}

/// How the predicates see a stage's rejection: by its words.
impl From<Rejected> for Failure {
    fn from(rejected: Rejected) -> Self {
        let words = rejected.to_string();
        Self {
            retryable: words.contains("soon"),
            next_value: words.contains("switch"),
            ..Self::PLAIN
        }
    }
}

impl From<Outcome> for Step {
    fn from(outcome: Outcome) -> Self {
        Self {
            work: Duration::ZERO,
            outcome,
        }
    }
}

/// What a function does, execution by execution, the last step for ever. As an argument it is its number: two scripts
/// are two cache entries.
#[derive(Debug)]
pub(crate) struct Script {
    id: u64,
    steps: Vec<Step>,
    executions: AtomicUsize,
    trace: Trace,
    clock: Arc<dyn Clock>,
}

impl Hash for Script {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl Script {
    pub(crate) fn new<S: Into<Step>>(
        trace: &Trace,
        clock: impl Clock,
        steps: impl IntoIterator<Item = S>,
    ) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            steps: steps.into_iter().map(Into::into).collect(),
            executions: AtomicUsize::new(0),
            trace: trace.clone(),
            clock: Arc::new(clock),
        }
    }

    pub(crate) fn executions(&self) -> usize {
        self.executions.load(Ordering::Relaxed)
    }

    /// A synchronous function's execution; its value counts the executions.
    pub(crate) fn run(&self, value: &str) -> Result<usize, Failure> {
        let (execution, step) = self.next(value);
        if !step.work.is_zero() {
            self.clock.block(step.work);
        }
        match &step.outcome {
            Outcome::Value => Ok(execution),
            Outcome::Failure(failure) => Err(failure.clone()),
            Outcome::Hang => panic!("a synchronous function that hangs cannot be tested"),
        }
    }

    /// An async function's execution.
    pub(crate) async fn run_async(&self, value: &str) -> Result<usize, Failure> {
        let (execution, step) = self.next(value);
        if !step.work.is_zero() {
            self.clock.sleep(step.work).await;
        }
        match &step.outcome {
            Outcome::Value => Ok(execution),
            Outcome::Failure(failure) => Err(failure.clone()),
            Outcome::Hang => std::future::pending().await,
        }
    }

    fn next(&self, value: &str) -> (usize, &Step) {
        let execution = self.executions.fetch_add(1, Ordering::Relaxed);
        self.trace.note(format!("function({value})"));
        let step = self.steps.get(execution).or(self.steps.last());
        (execution, step.expect("a script has steps"))
    }
}

/// Mostly failures, so that scripts are long.
pub(crate) fn outcomes() -> impl Strategy<Value = Vec<Step>> {
    let hint = prop::option::weighted(0.3, (0..5_000_u64).prop_map(Duration::from_millis));
    let failure = (prop::bool::weighted(0.9), any::<bool>(), hint).prop_map(
        |(retryable, next_value, hint)| {
            Outcome::Failure(Failure {
                retryable,
                next_value,
                hint,
            })
        },
    );
    let outcome = prop_oneof![8 => failure, 1 => Just(Outcome::Value)];
    let step = (0..300_u64, outcome).prop_map(|(work, outcome)| Step {
        work: Duration::from_millis(work),
        outcome,
    });
    prop::collection::vec(step, 1..15)
}
