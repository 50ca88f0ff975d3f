//! A call that is alive and that nothing polls holds up no other for long.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use opero::{Error, Event, opero};
use tokio::time::{Instant, sleep, timeout};

use crate::support::poll_once;

/// An execution takes this long.
const SLOW: Duration = Duration::from_millis(100);

/// The longest that a call waits for one that nothing polls.
const BOUND: Duration = Duration::from_secs(2);

/// Calls it once, and keeps that call unpolled while the same call is made again.
async fn behind_idle<R>(call: impl AsyncFn() -> R) -> R {
    let mut first = Box::pin(call());
    assert!(poll_once(first.as_mut()).is_pending());
    let second = timeout(BOUND, call()).await.expect("it waits no longer");
    // Both end.
    timeout(BOUND, first).await.expect("and is polled again");
    second
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_nothing_polls_does_not_hold_its_followers() {
    #[opero(retries = 0)]
    async fn plain(x: u32) -> u32 {
        sleep(SLOW).await;
        x
    }
    #[opero(retries = 0, attempt_timeout = "500ms")]
    async fn timed(x: u32) -> Result<u32, Error<String>> {
        sleep(SLOW).await;
        Ok(x)
    }
    #[opero(retries = 3)]
    async fn backing_off(x: u32) -> Result<u32, Error<String>> {
        Err(format!("{x} never works"))?
    }
    #[opero(retries = 0, cache_ttl = "1s", cache_stale = "1h")]
    async fn stale(x: u32) -> u32 {
        sleep(SLOW).await;
        x
    }
    assert_eq!(behind_idle(async || plain(1).await).await, 1);
    assert_eq!(behind_idle(async || timed(2).await).await.unwrap(), 2);
    assert!(behind_idle(async || backing_off(3).await).await.is_err());
    assert_eq!(behind_idle(async || stale(4).await).await, 4);
}

#[tokio::test(start_paused = true)]
async fn a_loop_may_call_what_it_waits_for() {
    #[opero(retries = 0)]
    async fn looped(x: u32) -> u32 {
        sleep(SLOW).await;
        x
    }
    let looping = async {
        let mut first = Box::pin(looped(7));
        loop {
            tokio::select! {
                value = &mut first => break value,
                () = sleep(Duration::from_millis(10)) => assert_eq!(looped(7).await, 7),
            }
        }
    };
    assert_eq!(timeout(BOUND, looping).await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_slow_leader_is_waited_for() {
    static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);
    #[opero(retries = 0)]
    async fn hour(x: u32) -> u32 {
        EXECUTIONS.fetch_add(1, SeqCst);
        sleep(Duration::from_secs(3_600)).await;
        x
    }
    let calls = (0..10).map(|_| tokio::spawn(hour(1)));
    for call in futures_util::future::join_all(calls).await {
        assert_eq!(call.unwrap(), 1);
    }
    assert_eq!(EXECUTIONS.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn one_call_takes_over_and_says_so() {
    static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    #[opero(retries = 0)]
    async fn shared_by_many(x: u32) -> u32 {
        EXECUTIONS.fetch_add(1, SeqCst);
        sleep(SLOW).await;
        x
    }
    opero::observe(|function: &str, event: &Event<'_>| {
        if function.ends_with("shared_by_many") && matches!(event, Event::CacheLeaderIdle) {
            TOLD.fetch_add(1, SeqCst);
        }
    });
    let mut idle: Pin<Box<dyn Future<Output = u32>>> = Box::pin(shared_by_many(1));
    assert!(poll_once(idle.as_mut()).is_pending());
    let start = Instant::now();
    let calls = (0..100).map(|_| tokio::spawn(shared_by_many(1)));
    for call in futures_util::future::join_all(calls).await {
        assert_eq!(call.unwrap(), 1);
    }
    assert!(start.elapsed() <= BOUND);
    assert_eq!((EXECUTIONS.load(SeqCst), TOLD.load(SeqCst)), (2, 1));
}

/// In real time, behind a call on another runtime, which does not run meanwhile.
#[test]
fn a_synchronous_call_waits_no_longer_either() {
    use opero::cache::Cache;
    let cache = Cache::open(&"memory".into(), Default::default()).unwrap();
    let slow = |_| async { Ok::<_, Error<String>>(std::future::pending::<u32>().await) };
    let mut idle = Box::pin(cache.get_or_run(&1, slow));
    assert!(poll_once(idle.as_mut()).is_pending());
    let quick = cache.get_or_run_sync(&1, |_| Ok::<_, Error<String>>(7));
    assert_eq!(quick.unwrap(), 7);
}
