//! Sleeping in a tokio runtime, more finely than its timer can.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_timer::Delay;
use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

use crate::sync::lock;

/// Tokio's timer counts in milliseconds and rounds up, so a sleep may take up to two more than it should.
///
/// Where a limiter gives a permit each millisecond, that would be most of its rate. So this much before the end a finer
/// timer takes over.
const COARSENESS: Duration = Duration::from_millis(2);

/// A future that is ready once `duration` has passed on the clock of the runtime around the caller. `None` where there is no
/// runtime, or one without timers.
pub(super) fn sleep(duration: Duration) -> Option<impl Future<Output = ()> + Send> {
    let runtime = Handle::try_current().ok()?.id();
    if HAS_TIMERLESS.load(Ordering::Relaxed) && lock(&TIMERLESS).contains(&runtime) {
        return None;
    }
    let started = Instant::now();
    let coarse = duration.checked_sub(COARSENESS);
    // Made at once, since it remembers its runtime. Tokio tells only by a panic that it has no timers.
    let made = || tokio::time::sleep(coarse.unwrap_or(duration));
    let Ok(timer) = std::panic::catch_unwind(made) else {
        lock(&TIMERLESS).push(runtime);
        HAS_TIMERLESS.store(true, Ordering::Relaxed);
        return None;
    };
    Some(async move {
        let mut timer = pin!(timer);
        if coarse.is_some() {
            timer.as_mut().await;
        }
        let left = duration.saturating_sub(started.elapsed());
        if left.is_zero() {
            return;
        }
        timer.as_mut().reset(Instant::now() + left);
        let mut fine = Delay::new(left);
        poll_fn(|cx| {
            // Where time is paused, the runtime moves it only for timers of its own, and only its clock counts.
            let over = timer.as_mut().poll(cx).is_ready()
                || (Pin::new(&mut fine).poll(cx).is_ready() && started.elapsed() >= duration);
            if over { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    })
}

/// The runtimes that were found without timers. Few programs have one, and fewer have two.
static TIMERLESS: Mutex<Vec<Id>> = Mutex::new(Vec::new());
static HAS_TIMERLESS: AtomicBool = AtomicBool::new(false);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_real_time_ends_a_sleep_of_paused_time() {
        let started = Instant::now();
        let mut sleep = pin!(sleep(Duration::from_micros(500)).unwrap());
        poll_fn(|cx| {
            assert!(sleep.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        // The runtime is kept busy past the finer timer's end, so it does not move its time.
        std::thread::sleep(Duration::from_millis(20));
        poll_fn(|cx| {
            assert!(sleep.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        sleep.await;
        assert!(started.elapsed() >= Duration::from_micros(500));
    }

    #[tokio::test]
    async fn a_sleep_is_never_short() {
        for micros in [0, 1, 700, 2_000, 2_001, 3_500] {
            let duration = Duration::from_micros(micros);
            let started = std::time::Instant::now();
            sleep(duration).unwrap().await;
            assert!(started.elapsed() >= duration, "{duration:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn paused_sleepers_wake_in_order() {
        let wakes = std::sync::Mutex::new(Vec::new());
        let sleeper = |millis| {
            let wakes = &wakes;
            async move {
                sleep(Duration::from_millis(millis)).unwrap().await;
                crate::sync::lock(wakes).push(millis);
            }
        };
        tokio::join!(sleeper(5), sleeper(1), sleeper(3_600_000), sleeper(2));
        assert_eq!(*wakes.lock().unwrap(), [1, 2, 5, 3_600_000]);
    }

    #[test]
    fn a_runtime_without_timers_sleeps_all_the_same() {
        use crate::{Clock, SystemClock};
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(async {
            for _ in 0..2 {
                let started = std::time::Instant::now();
                SystemClock.sleep(Duration::from_millis(5)).await;
                assert!(started.elapsed() >= Duration::from_millis(5));
            }
        });
    }
}
