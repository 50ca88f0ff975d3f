//! What is called in the rows: the same functions and arguments for all.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::LazyLock;
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

/// The cached function's body: as many bytes as it is asked for.
pub(crate) fn profile(name: &str, length: u64) -> String {
    name.chars().cycle().take(length as usize).collect()
}

/// Computes for some 20 µs, by counting and not by the clock: a thread that loses its processor is not let off.
pub(crate) fn spin(item: u64) -> u64 {
    static TURNS: LazyLock<u64> = LazyLock::new(|| {
        const TRIAL: u64 = 200_000;
        let fastest = (0..20).map(|_| {
            let start = Instant::now();
            black_box(turn(1, TRIAL));
            start.elapsed()
        });
        let fastest = fastest.min().unwrap_or(Duration::from_micros(100));
        (TRIAL as f64 * 20e-6 / fastest.as_secs_f64()) as u64
    });
    turn(item, *TURNS)
}

fn turn(mut state: u64, turns: u64) -> u64 {
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
