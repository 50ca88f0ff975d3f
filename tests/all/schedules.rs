//! Twenty callers on three keys and one limiter: some are dropped, kept unpolled or panic, at any await point. All others end
//! within a bound of virtual time.
//!
//! `OPERO_SEED=17 cargo test -p opero-tests schedules` runs one schedule.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use fastrand::Rng;
use opero::{Error, opero};
use tokio::time::{sleep, timeout};

const SCHEDULES: u64 = 1_000;
const CALLERS: usize = 20;

/// Each call that nothing polls may cost those behind it two looks at a leader, or at the head of the queue.
const BOUND: Duration = Duration::from_secs(30);

/// What an execution does.
#[derive(Debug, Clone, Copy)]
struct Script {
    /// Its pauses, in milliseconds; 0 only yields.
    pauses: [u64; 3],
    fails: bool,
    panics_after: Option<usize>,
}

#[opero(
    rate_limit = 50,
    retries = 1,
    min_delay = "20ms",
    jitter = false,
    cache_key = |seed, key| (*seed, *key)
)]
async fn work(seed: u64, key: u64, script: Script) -> Result<u64, Error<String>> {
    for (step, pause) in script.pauses.into_iter().enumerate() {
        if script.panics_after == Some(step) {
            // Without a word from the panic hook.
            std::panic::resume_unwind(Box::new("the script says so"));
        }
        match pause {
            0 => tokio::task::yield_now().await,
            pause => sleep(Duration::from_millis(pause)).await,
        }
    }
    match script.fails {
        true => Err(format!("{seed}: the script says so"))?,
        false => Ok(key),
    }
}

/// What becomes of a caller.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Ends,
    /// Dropped after so many polls.
    Dropped(u32),
    /// Kept after so many polls, and polled no more.
    Kept(u32),
    Panics,
}

fn fate(rng: &mut Rng) -> Fate {
    match rng.u8(..8) {
        0 => Fate::Dropped(rng.u32(1..8)),
        1 | 2 => Fate::Kept(rng.u32(1..8)),
        3 => Fate::Panics,
        _ => Fate::Ends,
    }
}

/// Polls it so many times at most.
async fn polled<F: Future>(future: &mut Pin<Box<F>>, polls: u32) {
    let mut left = polls;
    poll_fn(|task| {
        left -= 1;
        match future.as_mut().poll(task) {
            Poll::Pending if left > 0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}

/// Returns `false` if a call that should end did not.
async fn caller(seed: u64, key: u64, after: Duration, fate: Fate, script: Script) -> bool {
    sleep(after).await;
    let mut call = Box::pin(work(seed, key, script));
    match fate {
        Fate::Ends => match timeout(BOUND, call).await {
            Ok(Ok(value)) => value == key,
            Ok(Err(_)) => true,
            Err(_) => false,
        },
        // Its own panic, or what it followed.
        Fate::Panics => timeout(BOUND, call).await.is_ok(),
        Fate::Dropped(polls) => timeout(BOUND, polled(&mut call, polls)).await.is_ok(),
        Fate::Kept(polls) => {
            let polled = timeout(BOUND, polled(&mut call, polls)).await.is_ok();
            sleep(2 * BOUND).await;
            polled
        }
    }
}

async fn schedule(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let (key, fate) = (rng.u64(..3), fate(&mut rng));
        let script = Script {
            pauses: std::array::from_fn(|_| rng.u64(..4) * 7),
            fails: rng.u8(..6) == 0,
            panics_after: matches!(fate, Fate::Panics).then(|| rng.usize(..3)),
        };
        let after = Duration::from_millis(rng.u64(..60));
        let task = tokio::spawn(caller(seed, key, after, fate, script));
        callers.push((fate, task));
    }
    for (number, (fate, task)) in callers.into_iter().enumerate() {
        match task.await {
            Ok(ended) => assert!(ended, "OPERO_SEED={seed}: caller {number} hangs ({fate:?})"),
            Err(error) => {
                let panics = error.is_panic() && matches!(fate, Fate::Panics);
                assert!(
                    panics,
                    "OPERO_SEED={seed}: caller {number} panics ({fate:?})"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_becomes_of_some_callers_the_others_end() {
    let one = std::env::var("OPERO_SEED").ok();
    match one.map(|seed| seed.parse().expect("OPERO_SEED is a number")) {
        Some(seed) => schedule(seed).await,
        None => {
            for seed in 0..SCHEDULES {
                schedule(seed).await;
            }
        }
    }
}
