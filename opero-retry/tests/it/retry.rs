use std::sync::Mutex;
use std::time::Duration;

use opero_core::{Clock, block_on};
use opero_retry::backoff::Custom;
use opero_retry::{
    Attempt, Constant, Context, Error, ErrorKind, Exponential, Fallback, ManualClock, Operation,
    RejectedKind, Retry, RetryPolicy, Stack, Stage, WaitMode, operation,
};
use proptest::prelude::*;

use crate::script::{Failure, Outcome, PLAIN, Script, Trace, ms, outcomes};

fn retry(policy: RetryPolicy) -> Retry {
    Retry::new(policy).unwrap()
}

/// The default policy, without jitter.
fn steady() -> RetryPolicy {
    RetryPolicy::default().with_backoff(Exponential::default().with_jitter(false))
}

#[test]
fn the_delays_are_those_of_the_backoff() {
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Async);
    let error = block_on(retry(steady()).call(&cx, Attempt::FIRST, &Script::failing()));
    assert_eq!(error.unwrap_err().attempts(), 4);
    assert_eq!(clock.slept(), [100, 150, 225].map(ms));
}

#[test]
fn the_first_value_ends_the_attempts() {
    let script = Script::new([Outcome::Failure(PLAIN), Outcome::TimedOut, Outcome::Value]);
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Async);
    let value = block_on(retry(steady()).call(&cx, Attempt::FIRST, &script));
    assert_eq!(value.unwrap(), 2);
    assert_eq!(script.executions(), 3);
}

#[test]
fn a_hopeless_rejection_is_not_tried_again() {
    let script = Script::new([Outcome::Hopeless]);
    let error = retry(steady()).execute_sync(&script).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(script.executions(), 1);
}

#[test]
fn the_error_holds_every_attempt_in_order() {
    let first = Failure {
        hint: Some(ms(7)),
        ..PLAIN
    };
    let script = Script::new([
        Outcome::Failure(first.clone()),
        Outcome::TimedOut,
        Outcome::Failure(Failure {
            retryable: false,
            ..PLAIN
        }),
    ]);
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Blocking);
    let error = block_on(retry(steady()).call(&cx, Attempt::FIRST, &script)).unwrap_err();
    let earlier: Vec<_> = error
        .earlier()
        .iter()
        .map(|failed| failed.attempt.number)
        .collect();
    assert_eq!(earlier, [1, 2]);
    assert_eq!(error.last_attempt().number, 3);
    assert!(matches!(&error.earlier()[0].cause, opero_retry::Cause::Function(e) if *e == first));
    // The backoff's second delay follows the hint, although the first one was not used.
    assert_eq!(clock.slept(), [ms(7), ms(150)]);
}

#[test]
fn the_events_tell_what_is_tried_and_why_not_again() {
    let clock = ManualClock::auto();
    let trace = Trace::default();
    let cx = Context::new(&clock, WaitMode::Async).with_observer(&trace);
    let retry = retry(steady().with_retries(1));
    let _ = block_on(retry.call(&cx, Attempt::FIRST, &Script::failing()));
    assert_eq!(
        trace.lines(),
        [
            "ExecutionStarted { attempt: Attempt { number: 1, fallback_index: 0 } }",
            "RetryScheduled { attempt: Attempt { number: 1, fallback_index: 0 }, delay: 100ms }",
            "ExecutionStarted { attempt: Attempt { number: 2, fallback_index: 0 } }",
            "GaveUp { attempt: Attempt { number: 2, fallback_index: 0 } }",
        ]
    );
}

#[test]
fn the_end_of_a_custom_iterator_ends_the_retries() {
    let policy = RetryPolicy::default()
        .with_retries(u32::MAX)
        .with_backoff(Custom::new(|| [ms(5), ms(1)].into_iter()));
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Async);
    let error = block_on(retry(policy).call(&cx, Attempt::FIRST, &Script::failing()));
    assert_eq!(error.unwrap_err().attempts(), 3);
    assert_eq!(clock.slept(), [ms(5), ms(1)]);
}

#[test]
fn a_retry_around_a_retry_multiplies() {
    let inner = retry(steady().with_retries(2));
    let outer = retry(steady().with_retries(1));
    let script = Script::failing();
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Async);
    let error = block_on(Stack::new(outer, inner).call(&cx, Attempt::FIRST, &script));
    assert_eq!(script.executions(), 6);
    assert_eq!(error.unwrap_err().attempts(), 6);
}

#[test]
fn a_wait_in_vain_is_not_begun() {
    let policy = steady().with_max_elapsed(ms(240));
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Async);
    let error = block_on(retry(policy).call(&cx, Attempt::FIRST, &Script::failing()));
    // 100 ms fit into 240; another 150 do not.
    assert_eq!(error.unwrap_err().attempts(), 2);
    assert_eq!(clock.slept(), [ms(100)]);
}

#[test]
fn no_attempt_starts_where_the_timer_woke_past_max_elapsed() {
    /// Sleeps a millisecond longer than asked, as real timers do.
    #[derive(Debug)]
    struct Late(ManualClock);
    impl Clock for Late {
        fn now(&self) -> opero_core::Instant {
            self.0.now()
        }
        fn sleep(&self, duration: Duration) -> opero_core::clock::Sleep {
            self.0.sleep(duration + ms(1))
        }
        fn block(&self, duration: Duration) {
            self.0.block(duration + ms(1));
        }
    }
    let clock = Late(ManualClock::auto());
    for waiting in [WaitMode::Async, WaitMode::Blocking] {
        let script = Script::failing();
        let cx = Context::new(&clock, waiting);
        let policy = steady().with_max_elapsed(ms(100));
        let error = block_on(retry(policy).call(&cx, Attempt::FIRST, &script)).unwrap_err();
        assert_eq!((script.executions(), error.attempts()), (1, 1));
    }
}

/// Fails as long as it may start, and each time in vain: then it would have to wait past the deadline.
struct Limited<'s> {
    starts: u32,
    deadlines: &'s Mutex<Vec<Option<opero_core::Instant>>>,
}

impl Operation<(), u32> for Limited<'_> {
    async fn attempt(&self, cx: &Context<'_>, attempt: Attempt) -> Result<(), Error<u32>> {
        self.deadlines.lock().unwrap().push(cx.deadline());
        match attempt.number <= self.starts {
            true => Err(attempt.number.into()),
            false => Err(Error::rejected(RejectedKind::Elapsed {
                needed: ms(2_000),
                left: ms(1_000),
            })),
        }
    }
}

#[test]
fn an_attempt_that_cannot_start_before_max_elapsed_leaves_the_error_before_it() {
    for waiting in [WaitMode::Async, WaitMode::Blocking] {
        let clock = ManualClock::auto();
        let deadlines = Mutex::default();
        let limited = Limited {
            starts: 2,
            deadlines: &deadlines,
        };
        let policy = steady().with_max_elapsed(ms(1_000));
        let cx = Context::new(&clock, waiting);
        let error = block_on(retry(policy).call(&cx, Attempt::FIRST, &limited)).unwrap_err();
        assert_eq!(error.function_error(), Some(&2));
        assert_eq!((error.attempts(), error.last_attempt().number), (2, 2));
        let end = Some(opero_core::Instant::ORIGIN + ms(1_000));
        assert_eq!(*deadlines.lock().unwrap(), [None, end, end]);
    }
}

#[test]
fn where_no_attempt_could_start_the_rejection_is_the_error() {
    let deadlines = Mutex::default();
    let limited = Limited {
        starts: 0,
        deadlines: &deadlines,
    };
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Async);
    let error = block_on(retry(steady()).call(&cx, Attempt::FIRST, &limited)).unwrap_err();
    assert_eq!((error.attempts(), error.is_rate_limited()), (1, true));
}

#[tokio::test(start_paused = true)]
async fn it_runs_under_tokio_with_borrowed_arguments() {
    let prompt = String::from("hello");
    let policy = RetryPolicy::default().with_backoff(Constant::new(Duration::ZERO));
    let call = operation(|attempt: Attempt| {
        let prompt = &prompt;
        async move {
            tokio::task::yield_now().await;
            if attempt.number < 3 {
                Err("busy")
            } else {
                Ok(prompt.len())
            }
        }
    });
    assert_eq!(retry(policy).execute(&call).await.unwrap(), 5);
}

#[tokio::test]
async fn its_future_can_be_spawned() {
    let retry = retry(RetryPolicy::default());
    let task = tokio::spawn(async move { retry.run(|_| async { Ok::<_, String>(1) }).await });
    assert_eq!(task.await.unwrap().unwrap(), 1);
}

proptest! {
    #[test]
    fn attempts_never_exceed_retries_plus_one_times_fallback_values(
        outcomes in outcomes(),
        retries in 0..6_u32,
        fallback_values in 0..4_usize,
    ) {
        // Rejected for the deadline's sake, an attempt did not start, and leaves no trace at the end of an error.
        let is_late = |outcome: &Outcome| matches!(outcome, Outcome::Rejected(RejectedKind::Elapsed { .. }));
        let has_late = outcomes.iter().any(is_late);
        let script = Script::new(outcomes).fallback_values(fallback_values);
        let clock = ManualClock::auto();
        let cx = Context::new(&clock, WaitMode::Async);
        let stages = Stack::new(retry(RetryPolicy::default().with_retries(retries)), Fallback::new());
        let result = block_on(stages.call(&cx, Attempt::FIRST, &script));
        prop_assert!(script.executions() <= (retries as usize + 1) * fallback_values);
        // Every failed execution is in the error, and nothing else.
        if let Err(error) = result && fallback_values > 0 {
            prop_assert!(error.attempts() <= script.executions());
            prop_assert!(has_late || error.attempts() == script.executions());
            prop_assert_eq!(error.earlier().len() + 1, error.attempts());
        }
    }

    #[test]
    fn every_attempt_starts_within_max_elapsed(
        outcomes in outcomes(),
        limit in 0..10_000_u64,
        work in 0..2_000_u64,
        blocking: bool,
    ) {
        let waiting = if blocking { WaitMode::Blocking } else { WaitMode::Async };
        let clock = ManualClock::auto();
        let starts = std::sync::Mutex::new(Vec::new());
        let observer = |_: &str, event: &opero_retry::Event<'_>| {
            if let opero_retry::Event::ExecutionStarted { .. } = event {
                starts.lock().unwrap().push(clock.now().as_nanos());
            }
        };
        let cx = Context::new(&clock, waiting).with_observer(&observer);
        let script = Script::new(outcomes).working(ms(work));
        let policy = RetryPolicy::default().with_retries(50).with_max_elapsed(ms(limit));
        let _ = block_on(retry(policy).call(&cx, Attempt::FIRST, &script));
        let limit = u64::try_from(ms(limit).as_nanos()).unwrap();
        prop_assert!(starts.lock().unwrap().iter().all(|start| *start <= limit));
        // Nor was there a wait beyond it: what follows the limit is the last attempt's own work.
        prop_assert!(clock.now().as_nanos() <= limit + u64::try_from(ms(work).as_nanos()).unwrap());
    }

    #[test]
    fn jittered_delays_of_real_calls_stay_in_their_bounds(retries in 1..20_u32) {
        let clock = ManualClock::auto();
        let cx = Context::new(&clock, WaitMode::Async);
        let policy = RetryPolicy::default().with_retries(retries);
        let _ = block_on(retry(policy).call(&cx, Attempt::FIRST, &Script::failing()));
        prop_assert_eq!(clock.slept().len(), retries as usize);
        prop_assert!(clock.slept().iter().all(|delay| (ms(100)..=ms(30_000)).contains(delay)));
    }
}
