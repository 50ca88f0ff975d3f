use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use opero_core::{
    Attempt, Clock, Context, Error, ErrorKind, Event, ManualClock, Operation, RejectedKind, Stage,
    WaitMode, block_on, operation,
};
use opero_ratelimit::{Quota, RateLimit, RateLimitConfig};

use crate::support::{local, poll, quota};

const SECOND: Duration = Duration::from_secs(1);

fn limit(clock: &ManualClock, burst: u32) -> RateLimit {
    local(RateLimitConfig::new(quota(SECOND, burst)).with_clock(clock.clone()))
}

/// Tries three times, whatever comes.
struct Thrice;

impl<T: Send, E: Send> Stage<T, E> for Thrice {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        let _ = next.attempt(cx, attempt).await;
        let _ = next.attempt(cx, attempt.next()).await;
        next.attempt(cx, attempt.next().next()).await
    }
}

#[test]
fn each_execution_takes_its_own_permit() {
    let clock = ManualClock::auto();
    let executed = AtomicU32::new(0);
    let stack = opero_core::Stack::new(Thrice, limit(&clock, 1));
    stack
        .run_sync(|_| {
            executed.fetch_add(1, Ordering::SeqCst);
            Err::<(), _>("no")
        })
        .unwrap_err();
    assert_eq!(executed.load(Ordering::SeqCst), 3);
    assert_eq!(clock.slept(), [SECOND, SECOND]);
}

#[test]
fn the_cost_of_a_call_counts() {
    let clock = ManualClock::auto();
    let limit = limit(&clock, 5);
    let call = |cost| {
        let operation = operation(|_| async { Ok::<_, ()>(()) }).with_cost(cost);
        limit.execute_sync(&operation)
    };
    call(5).unwrap();
    call(3).unwrap();
    assert_eq!(clock.now().as_nanos(), 3_000_000_000);
    call(0).unwrap();
    assert_eq!(clock.now().as_nanos(), 3_000_000_000);

    let error = call(6).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    let rejected = error.rejection().unwrap();
    assert!(matches!(
        rejected.kind(),
        RejectedKind::RateCost { cost: 6, burst: 5 }
    ));
}

#[test]
fn the_observers_are_told_of_waits_and_rejections_only() {
    let clock = ManualClock::auto();
    let config = RateLimitConfig::new(quota(SECOND, 1)).with_clock(clock.clone());
    let limit = local(config.with_max_wait(SECOND));
    let events = Mutex::new(Vec::new());
    let observer = |function: &str, event: &Event<'_>| {
        let text = format!("{function} {event:?}");
        events.lock().unwrap().push(text);
    };
    let cx = Context::new(&clock, WaitMode::Blocking)
        .with_observer(&observer)
        .with_function("fetch");
    let call = |cost| {
        let operation = operation(|_| async { Ok::<_, ()>(()) }).with_cost(cost);
        opero_core::block_on(limit.call(&cx, Attempt::FIRST, &operation)).is_ok()
    };
    assert!(call(1));
    assert!(events.lock().unwrap().is_empty());
    assert!(call(1));
    assert!(!call(2));
    assert_eq!(
        *events.lock().unwrap(),
        [
            "fetch PermitWaited { waited: 1s }",
            "fetch Rejected { kind: RateCost { cost: 2, burst: 1 } }",
        ]
    );
}

#[test]
fn no_wait_passes_the_calls_deadline() {
    for waiting in [WaitMode::Async, WaitMode::Blocking] {
        let clock = ManualClock::auto();
        let limit = limit(&clock, 1);
        let start = clock.now();
        let call = |deadline| {
            let cx = Context::new(&clock, waiting).with_deadline(start + deadline);
            let nothing = operation(|_| async { Ok::<_, ()>(()) });
            block_on(limit.call(&cx, Attempt::FIRST, &nothing))
        };
        call(Duration::ZERO).unwrap();
        let error = call(SECOND / 2).unwrap_err();
        let RejectedKind::Elapsed { needed, left } = *error.rejection().unwrap().kind() else {
            panic!("{error:?}");
        };
        assert_eq!((needed, left), (SECOND, SECOND / 2));
        assert!(!error.rejection().unwrap().is_transient());
        assert_eq!(clock.now(), start, "rejected at once");
        call(SECOND).unwrap();
        assert_eq!(clock.now(), start + SECOND);
        assert_eq!(limit.waiting(), 0);
    }
}

#[test]
fn a_deadline_that_passed_in_the_queue_takes_no_permit() {
    let clock = ManualClock::new();
    let limit = limit(&clock, 1);
    limit.acquire_sync(1).unwrap();
    let cx = Context::new(&clock, WaitMode::Async).with_deadline(clock.now() + SECOND);
    let nothing = operation(|_| async { Ok::<_, ()>(()) });
    let mut waiting = Box::pin(limit.call(&cx, Attempt::FIRST, &nothing));
    assert!(poll(waiting.as_mut()).is_pending());
    // The timer wakes late.
    clock.advance(SECOND + Duration::from_millis(1));
    let Poll::Ready(Err(error)) = poll(waiting.as_mut()) else {
        panic!("it started too late");
    };
    assert!(matches!(
        error.rejection().unwrap().kind(),
        RejectedKind::Elapsed { .. }
    ));
    assert!(limit.admits(None, 1));
}

#[test]
fn zero_patience_never_waits() {
    let clock = ManualClock::new();
    let config = RateLimitConfig::new(quota(SECOND, 1)).with_clock(clock.clone());
    let limit = local(config.with_max_wait(Duration::ZERO));
    limit.acquire_sync(1).unwrap();
    assert!(limit.acquire_sync(1).is_err());
    clock.advance(SECOND);
    limit.acquire_sync(1).unwrap();
    assert!(clock.slept().is_empty());
}

#[test]
fn extreme_clocks_and_quotas_do_not_overflow() {
    let clock = ManualClock::new();
    let slow = Quota::each(Duration::from_nanos(1 << 60));
    let limit = local(
        RateLimitConfig::new(slow)
            .with_clock(clock.clone())
            .with_max_wait(SECOND),
    );
    for jump in [Duration::ZERO, SECOND, Duration::MAX, Duration::MAX] {
        clock.advance(jump);
        let _ = limit.acquire_sync(1);
        let _ = limit.keyed("anna").acquire_sync(1);
    }
}

#[test]
fn a_panic_of_the_function_leaves_the_limiter_usable() {
    let clock = ManualClock::auto();
    let limit = limit(&clock, 1);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _ = limit.run_sync(|_| -> Result<(), ()> { panic!("on purpose") });
    }));
    assert!(panicked.is_err());
    limit.run_sync(|_| Ok::<_, ()>(())).unwrap();
    assert_eq!(limit.waiting(), 0);
}

#[test]
fn bad_parameters_are_errors_that_name_them() {
    let open = |location: &str, quota| {
        let error = RateLimit::open(&location.into(), RateLimitConfig::new(quota)).unwrap_err();
        error.parameter().to_owned()
    };
    let good = Quota::per_second(1.0).unwrap();
    assert_eq!(open("local", Quota::each(Duration::ZERO)), "rate_limit");
    assert_eq!(open("local", Quota::each(Duration::MAX)), "rate_limit");
    assert_eq!(open("nowhere", good), "rate_backend");
    assert_eq!(open("local://somewhere", good), "rate_backend");
}

#[tokio::test(start_paused = true)]
async fn tasks_are_served_in_arrival_order() {
    let limit = std::sync::Arc::new(local(RateLimitConfig::new(quota(SECOND, 1))));
    let served = std::sync::Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let (limit, served) = (limit.clone(), served.clone());
            tokio::spawn(async move {
                limit.acquire(1).await.unwrap();
                served.lock().unwrap().push(number);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*served.lock().unwrap(), (0..20).collect::<Vec<_>>());
}

/// As the limiter of a decorated function, which lives in a static, between two tests on paused time.
#[test]
fn permits_counted_under_one_clock_do_not_count_under_another() {
    let period = Duration::from_secs(1);
    let limit = local(RateLimitConfig::new(quota(period, 2)));
    let paused = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap()
    };
    for _ in 0..3 {
        paused().block_on(async {
            let start = tokio::time::Instant::now();
            for _ in 0..4 {
                limit.acquire(1).await.unwrap();
            }
            limit.keyed("anna").acquire(2).await.unwrap();
            assert!(start.elapsed() <= 4 * period, "{:?}", start.elapsed());
            tokio::time::sleep(Duration::from_secs(3_700)).await;
            limit.acquire(2).await.unwrap();
            limit.keyed("anna").acquire(2).await.unwrap();
        });
    }
    let start = std::time::Instant::now();
    limit.acquire_sync(1).unwrap();
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn permits_without_a_function_have_the_limiters_name_in_events() {
    static NAMES: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    opero_core::observe(|function: &str, event: &opero_core::Event<'_>| {
        if function == "the crawler" && event.name() == "permit_waited" {
            NAMES.lock().unwrap().push(function.to_owned());
        }
    });
    let config = RateLimitConfig::new(quota(Duration::from_millis(1), 1));
    let limit = local(config.with_function("the crawler"));
    for _ in 0..3 {
        limit.acquire_sync(1).unwrap();
        limit.keyed("anna").acquire_sync(1).unwrap();
    }
    assert!(!NAMES.lock().unwrap().is_empty());
}
