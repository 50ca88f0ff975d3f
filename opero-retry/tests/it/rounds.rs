//! What a retry decides after a round of fallback values.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use opero_core::{Clock, Instant, block_on};
use opero_retry::{
    Arguments, Attempt, CallPolicy, Context, Error, Event, Exponential, Fallback, ManualClock,
    Operation, OperationExt, Rejected, Retry, RetryPolicy, Stack, Stage, WaitMode, operation,
};
use proptest::prelude::*;

use crate::script::{Failure, Outcome, PLAIN, Pipe, Script, ms};

const FATAL: Failure = Failure {
    retryable: false,
    ..PLAIN
};

fn hinted(millis: u64) -> Failure {
    Failure {
        hint: Some(ms(millis)),
        ..PLAIN
    }
}

fn retry(retries: u32) -> Retry {
    let steady = Exponential::default().with_jitter(false);
    let policy = RetryPolicy::default().with_retries(retries);
    Retry::new(policy.with_backoff(steady)).unwrap()
}

/// The waits and the number of executions of a call whose rounds go as told, with stages on one call or each on its own.
fn run(failures: &[Failure], values: usize, retries: u32, piped: bool) -> (Vec<Duration>, usize) {
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Blocking);
    let outcomes: Vec<_> = failures.iter().cloned().map(Outcome::Failure).collect();
    let script = Script::new(outcomes).fallback_values(values);
    let result = match piped {
        true => block_on(Pipe(retry(retries)).call(&cx, &script)),
        false => {
            let stack = Stack::new(retry(retries), Fallback::new());
            block_on(stack.call(&cx, Attempt::FIRST, &script))
        }
    };
    assert_eq!(result.unwrap_err().attempts(), script.executions());
    (clock.slept(), script.executions())
}

#[test]
fn one_retryable_error_of_a_round_is_enough() {
    for piped in [true, false] {
        for round in [[PLAIN, FATAL, FATAL], [FATAL, PLAIN, FATAL], [FATAL, FATAL, PLAIN]] {
            assert_eq!(run(&round, 3, 1, piped), (vec![ms(100)], 6));
        }
        assert_eq!(run(&[FATAL; 3], 3, 1, piped), (vec![], 3));
    }
}

#[test]
fn the_wait_is_the_shortest_after_which_a_value_may_be_asked_again() {
    for piped in [true, false] {
        let waits = |round: &[Failure]| run(round, round.len(), 1, piped).0;
        assert_eq!(waits(&[hinted(9_000), hinted(2_000), hinted(5_000)]), [ms(2_000)]);
        // One without a hint may be asked after the backoff.
        assert_eq!(waits(&[hinted(9_000), PLAIN]), [ms(100)]);
        assert_eq!(waits(&[PLAIN, hinted(7)]), [ms(7)]);
        // One that is not worth it does not count, whatever it says.
        let fatal = Failure {
            hint: Some(ms(1)),
            ..FATAL
        };
        assert_eq!(waits(&[fatal, hinted(2_000)]), [ms(2_000)]);
        assert_eq!(waits(&[FATAL, hinted(2_000)]), [ms(2_000)]);
    }
}

#[test]
fn a_value_that_is_held_is_passed_over_until_its_time() {
    // 0 asks for 1 s, 1 for 300 ms. After 300 ms only 1 is asked, which then asks for 5 s: so 0 is next, at 1 s.
    let steps = [hinted(1_000), hinted(300), hinted(5_000), PLAIN];
    let (slept, executions) = run(&steps, 2, 2, true);
    assert_eq!(slept, [ms(300), ms(700)]);
    assert_eq!(executions, 4);
}

#[test]
fn predicates_are_asked_only_where_an_attempt_may_follow() {
    let tokens = AtomicU32::new(0);
    for (retries, values, piped) in [(0, 1, true), (3, 1, false), (3, 2, true), (2, 3, false)] {
        tokens.store(0, Ordering::Relaxed);
        let call = operation(|_| async { Err::<(), _>(()) })
            .with_fallback_values(values);
        let call = call.with_retry_on(|(): &()| tokens.fetch_add(1, Ordering::Relaxed) < 100);
        let clock = ManualClock::auto();
        let cx = Context::new(&clock, WaitMode::Blocking);
        let _ = match piped {
            true => block_on(opero_core::mechanism::pass_through(
                &Pipe(retry(retries)),
                &cx,
                Attempt::FIRST,
                &call,
                None,
            )),
            false => {
                let stack = Stack::new(retry(retries), Fallback::new());
                block_on(stack.call(&cx, Attempt::FIRST, &call))
            }
        };
        assert_eq!(tokens.load(Ordering::Relaxed), retries);
    }
    // Nor where `max_elapsed` leaves no time for the wait.
    tokens.store(0, Ordering::Relaxed);
    let call = operation(|_| async { Err::<(), _>(()) })
        .with_retry_on(|(): &()| tokens.fetch_add(1, Ordering::Relaxed) < 100);
    let policy = RetryPolicy::default().with_max_elapsed(ms(50));
    assert!(Retry::new(policy).unwrap().execute_sync(&call).is_err());
    assert_eq!(tokens.load(Ordering::Relaxed), 0);
}

#[test]
fn the_predicate_decides_on_a_rejection_by_a_stage_of_the_users() {
    let breaker = || Error::rejected(Rejected::by_stage("breaker", "open"));
    struct Broken<F>(F);
    impl<F: Fn() -> Error<String> + Send + Sync> Operation<(), String> for Broken<F> {
        async fn attempt(&self, _: &Context<'_>, _: Attempt) -> Result<(), Error<String>> {
            Err((self.0)())
        }
    }
    let attempts = |worth: bool| {
        let call = Broken(breaker)
            .with_retry_on(move |error: &String| worth && error.contains("breaker"))
            .with_rejected_as(|rejected: &Rejected| rejected.to_string());
        let clock = ManualClock::auto();
        let cx = Context::new(&clock, WaitMode::Blocking);
        let error = block_on(retry(2).call(&cx, Attempt::FIRST, &call));
        error.unwrap_err().attempts()
    };
    assert_eq!((attempts(true), attempts(false)), (3, 1));
}

/// Each value asks to be left alone for some time, each time for another.
struct Hinting {
    hints: Vec<Vec<u64>>,
    /// When each value may be attempted again.
    due: Mutex<Vec<Instant>>,
    attempts: AtomicU32,
}

impl Operation<(), Duration> for Hinting {
    async fn attempt(&self, cx: &Context<'_>, attempt: Attempt) -> Result<(), Error<Duration>> {
        let mut due = self.due.lock().unwrap();
        let value = attempt.fallback_index;
        assert!(cx.now() >= due[value], "{attempt:?} comes too early");
        let turn = self.attempts.fetch_add(1, Ordering::Relaxed) as usize;
        let hint = ms(self.hints[value][turn % self.hints[value].len()]);
        due[value] = cx.now() + hint;
        Err(hint.into())
    }

    fn arguments(&self) -> &dyn Arguments {
        self
    }

    fn policy(&self) -> &dyn CallPolicy<(), Duration> {
        self
    }
}

impl Arguments for Hinting {
    fn fallback_values(&self) -> usize {
        self.hints.len()
    }
}

impl CallPolicy<(), Duration> for Hinting {
    fn retry_after(&self, hint: &Duration) -> Option<Duration> {
        (!hint.is_zero()).then_some(*hint)
    }
}

proptest! {
    #[test]
    fn no_hint_is_undercut_and_some_value_is_asked_when_it_may_be(
        hints in prop::collection::vec(prop::collection::vec(0..5_000_u64, 1..6), 1..5),
        retries in 0..8_u32,
        jitter: bool,
        blocking: bool,
    ) {
        let clock = ManualClock::auto();
        let due = Mutex::new(vec![Instant::ORIGIN; hints.len()]);
        let call = Hinting { hints, due, attempts: AtomicU32::new(0) };
        let observer = |_: &str, event: &Event<'_>| {
            if let Event::RetryScheduled { delay, .. } = event && !jitter {
                // Nor is there a wait beyond the first time at which a value may be asked.
                let due = call.due.lock().unwrap();
                let first = due.iter().map(|due| due.since(clock.now())).min().unwrap();
                assert!(*delay <= first.max(ms(1_000)));
            }
        };
        let waiting = if blocking { WaitMode::Blocking } else { WaitMode::Async };
        let cx = Context::new(&clock, waiting).with_observer(&observer);
        let backoff = Exponential::default().with_jitter(jitter).with_max_delay(ms(1_000));
        let policy = RetryPolicy::default().with_retries(retries).with_backoff(backoff);
        let pipe = Pipe(Retry::new(policy).unwrap());
        let result = block_on(opero_core::mechanism::pass_through(&pipe, &cx, Attempt::FIRST, &call, None));
        prop_assert_eq!(result.unwrap_err().last_attempt().number, retries + 1);
    }
}
