//! A success costs no allocation, and reads no clock without need.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opero_core::clock::Sleep;
use opero_core::{Clock, Instant, block_on};
use opero_retry::{
    Attempt, Context, Fallback, Retry, RetryPolicy, Stack, Stage, Timeout, WaitMode, operation,
};

/// Of this thread: the test harness allocates on its own.
fn allocations(run: impl FnOnce()) -> u64 {
    allocation_counter::measure(run).count_total
}

/// Counts its readings.
#[derive(Debug)]
struct Read<'a>(&'a AtomicUsize);

impl Clock for Read<'static> {
    fn now(&self) -> Instant {
        self.0.fetch_add(1, Ordering::Relaxed);
        Instant::ORIGIN
    }
    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::ready(()))
    }
    fn block(&self, _: Duration) {}
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn success_allocates_nothing_in_sync_and_async() {
    let retry =
        Retry::new(RetryPolicy::default().with_max_elapsed(Duration::from_secs(60))).unwrap();
    let timeout = Timeout::new(Duration::from_secs(1)).unwrap();
    let stages = Stack::new(&retry, Fallback::new());
    let timed = Stack::new(&stages, timeout);
    let sync = allocations(|| assert!(stages.run_sync(|_| Ok::<_, String>(1)).is_ok()));
    let call = || async { timed.run(|_| async { Ok::<_, String>(1) }).await };
    let r#async = allocations(|| assert!(block_on(call()).is_ok()));
    assert_eq!((sync, r#async), (0, 0));
}

#[test]
fn success_reads_the_clock_only_for_max_elapsed() {
    static READINGS: AtomicUsize = AtomicUsize::new(0);
    let clock = Read(&READINGS);
    let call = operation(|_| async { Ok::<_, String>(1) });
    let policy = RetryPolicy::default();
    for (policy, readings) in [
        (policy.clone(), 0),
        (policy.with_max_elapsed(Duration::from_secs(1)), 1),
    ] {
        READINGS.store(0, Ordering::Relaxed);
        let stages = Stack::new(Retry::new(policy).unwrap(), Fallback::new());
        let cx = Context::new(&clock, WaitMode::Async);
        assert!(block_on(stages.call(&cx, Attempt::FIRST, &call)).is_ok());
        assert_eq!(READINGS.load(Ordering::Relaxed), readings);
    }
}
