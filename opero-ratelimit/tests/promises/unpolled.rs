//! A call that is alive and that nothing polls holds up the others for half a second or so, and none beyond its limit.

use std::time::Duration;

use opero_core::{Attempt, Context, RejectedKind, Stage, operation};
use opero_ratelimit::{RateLimit, RateLimitConfig};
use tokio::time::{Instant, timeout};

use crate::support::{local, poll, quota};

const PERIOD: Duration = Duration::from_millis(100);
const BOUND: Duration = Duration::from_secs(1);

fn limit() -> RateLimit {
    local(RateLimitConfig::new(quota(PERIOD, 1)))
}

#[tokio::test(start_paused = true)]
async fn a_foremost_that_nothing_polls_is_passed_over_and_keeps_its_place() {
    let limit = limit();
    limit.acquire(1).await.unwrap();
    let mut idle = Box::pin(limit.acquire(1));
    let mut second = Box::pin(limit.acquire(1));
    assert!(poll(idle.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    // Two that nothing polls, one after the other.
    timeout(2 * BOUND, limit.acquire(1)).await.unwrap().unwrap();
    // Passed over once, they cost the next ones nothing but the rate.
    let start = Instant::now();
    for _ in 0..10 {
        limit.acquire(1).await.unwrap();
    }
    assert!(start.elapsed() <= 11 * PERIOD, "{:?}", start.elapsed());
    timeout(BOUND, idle).await.unwrap().unwrap();
    timeout(BOUND, second).await.unwrap().unwrap();
    assert_eq!(limit.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn one_that_sleeps_for_long_is_not_passed_over() {
    let limit = local(RateLimitConfig::new(quota(Duration::from_secs(60), 1)));
    limit.acquire(1).await.unwrap();
    let order = std::sync::Mutex::new(Vec::new());
    let call = async |number: usize| {
        limit.acquire(1).await.unwrap();
        order.lock().unwrap().push(number);
    };
    tokio::join!(call(0), call(1), call(2), call(3));
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn the_longest_wait_ends_behind_one_that_nothing_polls() {
    let longest = Duration::from_millis(300);
    let config = RateLimitConfig::new(quota(PERIOD, 1)).with_max_wait(longest);
    let limit = local(config);
    limit.acquire(1).await.unwrap();
    let mut idle = Box::pin(limit.acquire(1));
    assert!(poll(idle.as_mut()).is_pending());
    let start = Instant::now();
    let rejected = limit.acquire(1).await.unwrap_err();
    assert!(matches!(rejected.kind(), RejectedKind::RateWait { limit, .. } if *limit == longest));
    assert!(start.elapsed() <= longest + PERIOD);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_wait_behind_one_that_nothing_polls() {
    let limit = limit();
    limit.acquire(1).await.unwrap();
    let mut idle = Box::pin(limit.acquire(1));
    assert!(poll(idle.as_mut()).is_pending());
    let left = Duration::from_millis(250);
    let cx = Context::system();
    let cx = cx.with_deadline(cx.now() + left);
    let start = Instant::now();
    let execute = operation(|_| async { Ok::<(), ()>(()) });
    let rejected = limit.call(&cx, Attempt::FIRST, &execute).await.unwrap_err();
    let kind = rejected.rejection().unwrap().kind();
    assert!(matches!(kind, RejectedKind::Elapsed { .. }), "{kind:?}");
    assert_eq!(start.elapsed(), left);
}

/// The thread is the one that would poll the call ahead.
#[test]
fn a_thread_does_not_wait_for_a_call_that_it_should_poll() {
    let limit = limit();
    limit.acquire_sync(1).unwrap();
    let mut ahead = Box::pin(limit.acquire(1));
    assert!(poll(ahead.as_mut()).is_pending());
    limit.acquire_sync(1).unwrap();
    opero_core::block_on(ahead).unwrap();
}
