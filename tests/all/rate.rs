//! In any window of length w at most `burst + rate · w` executions start.
//!
//! What is compared are the instants at which the limiter gave out permits, to the nanosecond of its own reckoning, and
//! no execution is without one. Between its permit and its first instruction a thread can be held up by the scheduler,
//! so two starts may lie closer together than their permits; no limiter can prevent that, and no slack is needed here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opero::extend::SystemClock;
use opero::{Error, ManualClock, opero, operomap};

use crate::support::{Grants, with_clock};

/// Checks every window between two permits.
///
/// `count` permits within w are allowed if `count <= burst + w / period`; in whole numbers,
/// `(count - burst) * period <= w`.
fn check(name: &str, executions: usize, period: Duration, burst: usize) {
    let grants = Grants::of(name).sorted();
    assert_eq!(grants.len(), executions, "a permit for each execution");
    for (first, from) in grants.iter().enumerate() {
        for (last, to) in grants.iter().enumerate().skip(first) {
            let beyond_burst = (last - first + 1).saturating_sub(burst);
            let least = period * u32::try_from(beyond_burst).unwrap();
            assert!(
                to.since(*from) >= least,
                "{} permits in {:?}",
                last - first + 1,
                to.since(*from)
            );
        }
    }
}

const THREADS: usize = 8;
const CALLS: usize = 40;

/// One permit each 500 µs, three at once.
const PERIOD: Duration = Duration::from_micros(500);
const BURST: usize = 3;

/// Every other execution fails: retries take their own permits.
fn flaky(executions: &AtomicUsize) -> Result<(), Error<&'static str>> {
    match executions.fetch_add(1, Ordering::Relaxed) % 2 {
        0 => Err("every other one")?,
        _ => Ok(()),
    }
}

macro_rules! limited {
    ($attribute:ident $($keyword:ident)+ ($item:ident), $backend:literal) => {
        #[$attribute(
            cache = false,
            retries = 1_000,
            min_delay = 0,
            rate_limit = "2000/s",
            rate_burst = 3,
            rate_backend = $backend
        )]
        $($keyword)+ ($item: usize, executions: &AtomicUsize) -> Result<(), Error<&'static str>> {
            let _ = $item;
            flaky(executions)
        }
    };
}

limited!(opero fn in_threads(item), "counting://threads");
limited!(opero fn in_jumping_time(item), "counting://jumping time");
limited!(opero async fn in_tasks(item), "counting://tasks");
limited!(operomap fn in_a_map(item), "counting://map");
limited!(operomap async fn in_an_async_map(item), "counting://async map");

fn threads(call: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..CALLS).for_each(&call));
        }
    });
}

#[test]
fn threads_of_a_sync_function_share_the_quota() {
    let executions = AtomicUsize::new(0);
    with_clock(SystemClock, || {
        threads(|n| in_threads(n, &executions).unwrap())
    });
    assert!(executions.load(Ordering::Relaxed) >= THREADS * CALLS);
    check("threads", executions.into_inner(), PERIOD, BURST);
}

/// Each sleep moves the one clock at once, so time jumps under the feet of the other threads.
#[test]
fn the_quota_holds_though_time_jumps() {
    let executions = AtomicUsize::new(0);
    with_clock(ManualClock::auto(), || {
        threads(|n| in_jumping_time(n, &executions).unwrap())
    });
    check("jumping time", executions.into_inner(), PERIOD, BURST);
}

#[opero(
    cache = false,
    retries = 5,
    min_delay = 0,
    max_elapsed = 1,
    rate_limit = 0.5
)]
fn in_a_second(executions: &AtomicUsize) -> Result<(), String> {
    let number = executions.fetch_add(1, Ordering::Relaxed) + 1;
    Err(format!("execution {number} failed"))
}

/// The second attempt's permit would come after two seconds, so what the caller gets is the first one's error, at once.
#[test]
fn no_permit_is_waited_for_past_max_elapsed() {
    let clock = ManualClock::auto();
    let executions = AtomicUsize::new(0);
    with_clock(clock.clone(), || {
        assert_eq!(in_a_second(&executions).unwrap_err(), "execution 1 failed");
    });
    assert_eq!(executions.into_inner(), 1);
    assert!(clock.slept().is_empty());
}

#[test]
fn tasks_of_an_async_function_share_the_quota() {
    static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_time()
        .build()
        .unwrap();
    with_clock(SystemClock, || {
        runtime.block_on(async {
            let tasks = (0..THREADS * CALLS).map(|n| tokio::spawn(in_tasks(n, &EXECUTIONS)));
            for task in tasks.collect::<Vec<_>>() {
                task.await.unwrap().unwrap();
            }
        });
    });
    check("tasks", EXECUTIONS.load(Ordering::Relaxed), PERIOD, BURST);
}

#[test]
fn all_workers_of_a_map_share_the_quota() {
    let executions = AtomicUsize::new(0);
    with_clock(SystemClock, || {
        let run = in_a_map(0..THREADS * CALLS, &executions);
        run.workers(THREADS).progress(false).try_run().unwrap();
    });
    check("map", executions.into_inner(), PERIOD, BURST);

    let executions = AtomicUsize::new(0);
    with_clock(SystemClock, || {
        let run = in_an_async_map(0..THREADS * CALLS, &executions);
        run.progress(false).try_run().unwrap();
    });
    check("async map", executions.into_inner(), PERIOD, BURST);
}
