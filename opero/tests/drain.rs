//! Waiting for background refreshes at the end of a program. Alone in this program, since the wait is for all of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may panic as tests do"
)]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use opero::extend::block_on;
use opero::{drain, opero};

const HOUR: Duration = Duration::from_secs(3_600);
const GUARD: Duration = Duration::from_secs(60);

/// One test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn paused() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().unwrap()
}

static RUNS: AtomicU32 = AtomicU32::new(0);

#[opero(retries = 0, cache_ttl = 10, cache_stale = "1h")]
async fn slow(name: &str) -> u32 {
    let _ = name;
    tokio::time::sleep(Duration::from_secs(3)).await;
    RUNS.fetch_add(1, Relaxed) + 1
}

#[test]
fn drain_waits_for_async_refreshes_as_long_as_its_limit() {
    let _alone = alone();
    paused().block_on(async {
        assert_eq!(drain(HOUR).await, 0);
        for name in ["a", "b"] {
            slow(name).await;
        }
        tokio::time::advance(Duration::from_secs(11)).await;
        let begun = tokio::time::Instant::now();
        assert_eq!((slow("a").await, slow("b").await), (1, 2), "stale");
        assert_eq!(drain(Duration::ZERO).await, 2);
        assert_eq!(drain(Duration::from_secs(1)).await, 2);
        assert_eq!(tokio::join!(drain(HOUR), drain(HOUR)), (0, 0));
        assert_eq!(begun.elapsed().as_secs(), 3, "and no longer");
        assert_eq!(slow("a").await + slow("b").await, 7, "both are kept");
    });
}

#[opero(retries = 0, cache_ttl = 10, cache_stale = "1h")]
async fn endless(name: &str) -> u32 {
    let _ = name;
    if ENDLESS.fetch_add(1, Relaxed) > 0 {
        std::future::pending::<()>().await;
    }
    7
}

static ENDLESS: AtomicU32 = AtomicU32::new(0);

#[test]
fn a_refresh_that_its_runtime_drops_is_waited_for_no_longer() {
    let _alone = alone();
    let runtime = paused();
    runtime.block_on(async {
        assert_eq!(endless("a").await, 7);
        tokio::time::advance(Duration::from_secs(11)).await;
        assert_eq!(endless("a").await, 7);
        assert_eq!(drain(HOUR).await, 1);
    });
    let waiting = std::thread::spawn(|| block_on(drain(GUARD)));
    drop(runtime);
    assert_eq!(waiting.join().unwrap(), 0);
}

/// What each run after the first waits for.
static GO: Mutex<Option<mpsc::Receiver<()>>> = Mutex::new(None);

#[opero(retries = 0, cache_ttl = "1ms", cache_stale = "1h")]
fn blocking(name: &str) -> u32 {
    let _ = name;
    let go = GO.lock().unwrap().take();
    go.map_or(7, |go| {
        go.recv().unwrap();
        panic!("this panic is wanted")
    })
}

#[test]
fn drain_waits_for_refreshes_of_synchronous_functions_which_may_panic() {
    let _alone = alone();
    assert_eq!(blocking("a"), 7);
    std::thread::sleep(Duration::from_millis(10));
    let (sender, receiver) = mpsc::channel();
    *GO.lock().unwrap() = Some(receiver);
    assert_eq!(blocking("a"), 7);
    assert_eq!(block_on(drain(Duration::from_millis(20))), 1);
    let waiting = std::thread::spawn(|| block_on(drain(GUARD)));
    sender.send(()).unwrap();
    assert_eq!(waiting.join().unwrap(), 0);
}
