use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opero_core::block_on;
use opero_retry::{
    Attempt, Context, ErrorKind, ManualClock, RejectedKind, Retry, RetryPolicy, Stack, Stage,
    Timeout, WaitMode, operation,
};

use crate::script::{Outcome, Script, Trace, ms};

fn timeout(millis: u64) -> Timeout {
    Timeout::new(ms(millis)).unwrap()
}

#[test]
fn an_attempt_past_its_time_is_dropped_and_rejected() {
    struct Dropped<'a>(&'a AtomicBool);
    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let dropped = AtomicBool::new(false);
    let endless = operation(|_| {
        let held = Dropped(&dropped);
        async move {
            let _held = held;
            std::future::pending::<Result<(), ()>>().await
        }
    });
    let clock = ManualClock::auto();
    let trace = Trace::default();
    let cx = Context::new(&clock, WaitMode::Async).with_observer(&trace);
    let error = block_on(timeout(50).call(&cx, Attempt::FIRST, &endless)).unwrap_err();
    assert!(error.is_timeout());
    assert!(dropped.load(Ordering::Relaxed));
    assert_eq!(clock.slept(), [ms(50)]);
    assert_eq!(
        trace.lines(),
        ["Rejected { kind: AttemptTimeout { limit: 50ms } }"]
    );
}

#[test]
fn every_attempt_has_its_own_time() {
    let retry = Retry::new(RetryPolicy::default().with_retries(2)).unwrap();
    let endless = operation(|_| std::future::pending::<Result<(), ()>>());
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Async);
    let stages = Stack::new(retry, timeout(5_000));
    let error = block_on(stages.call(&cx, Attempt::FIRST, &endless)).unwrap_err();
    assert_eq!(error.attempts(), 3);
    let limits = clock
        .slept()
        .into_iter()
        .filter(|slept| *slept == ms(5_000));
    assert_eq!(limits.count(), 3);
}

#[test]
fn an_attempt_that_is_ready_at_once_makes_no_timer() {
    let clock = ManualClock::auto();
    let cx = Context::new(&clock, WaitMode::Async);
    let value = block_on(timeout(1).call(&cx, Attempt::FIRST, &Script::new([Outcome::Value])));
    assert!(value.is_ok());
    assert!(clock.slept().is_empty());
}

#[test]
fn the_time_before_the_first_wait_counts() {
    let clock = ManualClock::new();
    let cx = Context::new(&clock, WaitMode::Async);
    let busy_first = operation(|_| {
        // Work before the first await, inside the first poll.
        let clock = &clock;
        async move {
            clock.advance(ms(30));
            std::future::pending::<Result<(), ()>>().await
        }
    });
    let stage = timeout(50);
    let mut call = Box::pin(stage.call(&cx, Attempt::FIRST, &busy_first));
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut task).is_pending());
    assert_eq!(clock.slept(), [ms(20)]);
    clock.advance(ms(20));
    assert!(call.as_mut().poll(&mut task).is_ready());
}

#[test]
fn a_result_that_is_ready_at_the_limit_is_not_thrown_away() {
    let clock = ManualClock::new();
    let cx = Context::new(&clock, WaitMode::Async);
    let script = Script::new([Outcome::Value]).working(ms(50));
    let stage = timeout(50);
    let mut call = Box::pin(stage.call(&cx, Attempt::FIRST, &script));
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut task).is_pending());
    clock.advance(Duration::from_secs(9));
    let std::task::Poll::Ready(result) = call.as_mut().poll(&mut task) else {
        panic!("both are ready")
    };
    assert!(result.is_ok());
}

#[test]
fn a_synchronous_function_is_rejected_before_it_runs() {
    let retry = Retry::new(RetryPolicy::default()).unwrap();
    let script = Script::new([Outcome::Value]);
    let error = Stack::new(retry, timeout(50))
        .execute_sync(&script)
        .unwrap_err();
    assert_eq!(script.executions(), 0);
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.to_string(),
        "`attempt_timeout` is set for a synchronous function, which nothing can stop: \
         make the function async, or leave `attempt_timeout` out"
    );
}

#[test]
fn no_time_at_all_is_a_wrong_parameter() {
    let error = Timeout::new(Duration::ZERO).unwrap_err();
    assert_eq!(error.parameter(), "attempt_timeout");
}

#[test]
fn the_longest_limit_there_is_never_comes() {
    let endless = Timeout::new(Duration::MAX).unwrap();
    let value = block_on(endless.run(|_| async {
        let mut first = true;
        std::future::poll_fn(|task| {
            if std::mem::take(&mut first) {
                task.waker().wake_by_ref();
                return std::task::Poll::Pending;
            }
            std::task::Poll::Ready(())
        })
        .await;
        Ok::<_, ()>(1)
    }));
    assert_eq!(value.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_works_on_the_system_clock() {
    let error = timeout(20)
        .run(|_| std::future::pending::<Result<(), ()>>())
        .await
        .unwrap_err();
    assert!(matches!(
        error.rejection().map(opero_retry::Rejected::kind),
        Some(RejectedKind::AttemptTimeout { .. })
    ));
}
