use std::sync::LazyLock;
use std::time::Duration;

use super::instant::saturating_nanos;
use super::{Clock, Instant, Sleep};

/// The machine's monotonic clock.
///
/// With the feature `tokio`, sleeping inside a tokio runtime uses that runtime's timer, but for the last two milliseconds,
/// for which that timer is too coarse; and a runtime whose time is paused (`#[tokio::test(start_paused = true)]`)
/// governs [`now`](Clock::now) too. Anywhere else, one timer thread shared by the process wakes the sleepers, so every
/// async runtime works. So does a tokio runtime whose timers are not enabled (`enable_time` or `enable_all`); tokio's own
/// panic about that is caught, and the panic hook may print it once for each such runtime.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// One origin for every reading, so that instants of all functions compare.
static ORIGIN: LazyLock<Origin> = LazyLock::new(Origin::take);

struct Origin {
    precise: std::time::Instant,
    #[cfg(target_os = "linux")]
    coarse: i64,
}

/// The origin lies this far before its first use: a tokio runtime that was paused earlier still reads above it.
const HEAD_START: Duration = Duration::from_secs(3_600);

impl Origin {
    fn take() -> Self {
        let now = std::time::Instant::now();
        Self {
            precise: now.checked_sub(HEAD_START).unwrap_or(now),
            // The same clock, read in full: the coarse reading lags behind it, and must never seem to run ahead.
            #[cfg(target_os = "linux")]
            coarse: nanos(rustix::time::ClockId::Monotonic)
                .saturating_sub_unsigned(saturating_nanos(HEAD_START)),
        }
    }
}

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> Instant {
        #[cfg(feature = "tokio")]
        let now = tokio::time::Instant::now().into_std();
        #[cfg(not(feature = "tokio"))]
        let now = std::time::Instant::now();
        since_origin(now)
    }

    /// On Linux `CLOCK_MONOTONIC_COARSE`: about a quarter of the price, at most one scheduler tick (1 to 10 ms) late.
    #[cfg(target_os = "linux")]
    #[inline]
    fn coarse_now(&self) -> Instant {
        let coarse = nanos(rustix::time::ClockId::MonotonicCoarse);
        Instant::from_nanos(coarse.saturating_sub(ORIGIN.coarse).unsigned_abs())
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        #[cfg(feature = "tokio")]
        if let Some(sleep) = super::tokio::sleep(duration) {
            return Box::pin(sleep);
        }
        real_sleep(duration)
    }

    fn block(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// The present in real time, whatever a runtime's timer says: for what has to do with something outside of the process,
/// such as how long a server is left alone. It compares with [`SystemClock`]'s readings.
///
/// ```
/// use opero_core::clock::real_now;
///
/// let before = real_now();
/// assert!(real_now() >= before);
/// ```
pub fn real_now() -> Instant {
    since_origin(std::time::Instant::now())
}

#[inline]
fn since_origin(now: std::time::Instant) -> Instant {
    let elapsed = now.saturating_duration_since(ORIGIN.precise);
    Instant::from_nanos(saturating_nanos(elapsed))
}

/// A future that is ready once `duration` of real time has passed, whatever the runtime's timer says.
///
/// It needs no runtime, and none that is paused hurries it: for patience with something outside of the process, such as
/// a server, whose answer takes real time also in a test on virtual time. Anything that belongs to a call waits on the
/// call's [`Clock`] instead. One timer thread shared by the process wakes the sleepers.
///
/// ```
/// use opero_core::clock::real_sleep;
/// use std::time::{Duration, Instant};
///
/// let before = Instant::now();
/// opero_core::block_on(real_sleep(Duration::from_millis(2)));
/// assert!(before.elapsed() >= Duration::from_millis(2));
/// ```
pub fn real_sleep(duration: Duration) -> Sleep {
    Box::pin(futures_timer::Delay::new(duration))
}

#[cfg(target_os = "linux")]
#[inline]
fn nanos(clock: rustix::time::ClockId) -> i64 {
    let time = rustix::time::clock_gettime(clock);
    time.tv_sec
        .saturating_mul(1_000_000_000)
        .saturating_add(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarse_reading_never_runs_ahead() {
        let clock = SystemClock;
        for _ in 0..100_000 {
            let coarse = clock.coarse_now();
            assert!(coarse <= clock.now());
        }
    }

    #[test]
    fn sleeping_needs_no_runtime() {
        let before = SystemClock.now();
        crate::block_on(SystemClock.sleep(Duration::from_millis(2)));
        assert!(SystemClock.now().since(before) >= Duration::from_millis(2));
    }

    #[cfg(feature = "tokio")]
    #[tokio::test(start_paused = true)]
    async fn paused_tokio_time_governs_now_and_sleep() {
        let before = SystemClock.now();
        SystemClock.sleep(Duration::from_secs(3600)).await;
        assert!(SystemClock.now().since(before) >= Duration::from_secs(3600));
    }
}
