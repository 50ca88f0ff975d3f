//! What is called in the rows: the same functions and arguments for all.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use governor::Quota;

/// The error of a function that never fails here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure;

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for Failure {}

/// The values of the fallback parameter.
pub(crate) const MODELS: [&str; 2] = ["large", "small"];

/// A function that succeeds at once, so that only what is around it is measured.
#[inline]
pub(crate) async fn work(input: u64, model: &'static str) -> Result<u64, Failure> {
    Ok(black_box(input) + model.len() as u64)
}

/// A limit that is consulted and never reached: a start every nanosecond.
pub(crate) fn quota() -> Quota {
    Quota::with_period(Duration::from_nanos(1))
        .unwrap_or_else(|| Quota::per_second(NonZeroU32::MAX))
        .allow_burst(NonZeroU32::MAX)
}

/// The arguments of a cached function, and so the key of its entry.
pub(crate) type Args = (String, u64);

pub(crate) const CAPACITY: usize = 10_000;
pub(crate) const TTL: Duration = Duration::from_secs(3_600);

/// The arguments whose value is short.
pub(crate) static SHORT: LazyLock<Args> = LazyLock::new(|| ("a user's profile".to_owned(), 24));

/// The arguments whose value has 4 KiB.
pub(crate) static LONG: LazyLock<Args> = LazyLock::new(|| ("a user's profile".to_owned(), 4_096));

/// Entries of the rows that look many up.
pub(crate) const ENTRIES: u64 = 1_000;

/// The arguments of [`ENTRIES`] calls whose values have some 100 bytes, as most records in a cache have.
pub(crate) static RECORDS: LazyLock<Vec<Args>> = LazyLock::new(|| users(100));

/// The same for 4 KiB.
pub(crate) static LONG_RECORDS: LazyLock<Vec<Args>> = LazyLock::new(|| users(4_096));

fn users(length: u64) -> Vec<Args> {
    (0..ENTRIES)
        .map(|n| (format!("user {n}"), length))
        .collect()
}

/// The error of functions whose results lie on a disk or a server. Nothing is ever done with it but to say it.
#[derive(Debug, Clone)]
pub(crate) struct Trouble(String);

impl Trouble {
    pub(crate) fn new(what: &str) -> Self {
        Self(what.to_owned())
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// The body of the functions whose results lie on a disk or a server.
///
/// # Errors
/// Once [`expect_hits`] was called with `true`: a miss would be measured as a hit.
pub(crate) fn fetch(name: &str, length: u64) -> Result<String, Trouble> {
    match ONLY_HITS.load(Ordering::Relaxed) {
        true => Err(Trouble::new("a miss, where only hits are measured")),
        false => Ok(profile(name, length)),
    }
}

static ONLY_HITS: AtomicBool = AtomicBool::new(false);

/// From now on, is every execution of [`fetch`] a mistake?
pub(crate) fn expect_hits(only: bool) {
    ONLY_HITS.store(only, Ordering::Relaxed);
}

/// A result that has the length that was asked for.
pub(crate) fn checked(value: Result<String, Trouble>, length: u64) -> Result<(), Trouble> {
    match black_box(value)?.len() as u64 == length {
        true => Ok(()),
        false => Err(Trouble::new("a wrong result")),
    }
}

/// The cached function's body: as many bytes as it is asked for.
pub(crate) fn profile(name: &str, length: u64) -> String {
    name.chars().cycle().take(length as usize).collect()
}

/// Computes for some 20 µs, by counting and not by the clock: a thread that loses its processor is not let off.
pub(crate) fn spin(item: u64) -> u64 {
    turn(item, *TURNS)
}

/// So many [`turn`]s take some 20 µs.
pub(crate) static TURNS: LazyLock<u64> = LazyLock::new(|| {
    const TRIAL: u64 = 200_000;
    let fastest = (0..20).map(|_| {
        let start = Instant::now();
        black_box(turn(1, TRIAL));
        start.elapsed()
    });
    let fastest = fastest.min().unwrap_or(Duration::from_micros(100));
    (TRIAL as f64 * 20e-6 / fastest.as_secs_f64()) as u64
});

/// Computes in steps that depend on each other.
pub(crate) fn turn(mut state: u64, turns: u64) -> u64 {
    for _ in 0..turns {
        // One step of Knuth's MMIX generator; each depends on the one before.
        state = black_box(
            state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1),
        );
    }
    state
}
