use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Clock, Instant, Sleep};
use crate::sync::lock;

/// A clock that moves only when it is told to.
///
/// Clones share one time. Two ways to use it:
///
/// - [`ManualClock::new`]: sleepers wait until [`advance`](ManualClock::advance) reaches their deadline.
/// - [`ManualClock::auto`]: a sleep moves the clock itself and returns at once, so a test of retries over hours runs
///   in microseconds, without a second thread or task to push the time.
///
/// ```
/// use opero_core::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::auto();
/// let start = clock.now();
/// clock.block(Duration::from_secs(3600));
/// assert_eq!(clock.now().since(start), Duration::from_secs(3600));
/// assert_eq!(clock.slept(), [Duration::from_secs(3600)]);
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    moved: Condvar,
    auto: bool,
}

#[derive(Debug, Default)]
struct State {
    now: Instant,
    slept: Vec<Duration>,
    /// Sleepers by the number they drew; a dropped sleeper takes its entry along.
    wakers: Vec<(u64, Waker)>,
    next_sleeper: u64,
}

impl ManualClock {
    /// A clock at its origin that only [`advance`](Self::advance) moves.
    pub fn new() -> Self {
        Self::with(false)
    }

    /// A clock at its origin that every sleep moves forward.
    pub fn auto() -> Self {
        Self::with(true)
    }

    fn with(auto: bool) -> Self {
        let shared = Shared {
            state: Mutex::default(),
            moved: Condvar::new(),
            auto,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Moves the time forward and wakes every sleeper whose deadline has come.
    pub fn advance(&self, duration: Duration) {
        let wakers = {
            let mut state = lock(&self.shared.state);
            state.now = state.now + duration;
            std::mem::take(&mut state.wakers)
        };
        self.shared.moved.notify_all();
        // A sleeper whose time has not come registers again.
        for (_, waker) in wakers {
            waker.wake();
        }
    }

    /// Every duration that was slept on this clock so far, in the order the sleeps began.
    pub fn slept(&self) -> Vec<Duration> {
        lock(&self.shared.state).slept.clone()
    }

    /// How many tasks are asleep on this clock now; 0 when a cancelled call left none behind.
    pub fn sleepers(&self) -> usize {
        lock(&self.shared.state).wakers.len()
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        lock(&self.shared.state).now
    }

    /// It was the year 2027 at the clock's origin.
    fn unix(&self) -> Duration {
        self.now().since(Instant::ORIGIN) + Duration::from_secs(1_800_000_000)
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let (deadline, sleeper) = {
            let mut state = lock(&self.shared.state);
            state.slept.push(duration);
            state.next_sleeper += 1;
            (state.now + duration, state.next_sleeper)
        };
        Box::pin(ManualSleep {
            clock: self.clone(),
            deadline,
            sleeper,
        })
    }

    fn block(&self, duration: Duration) {
        let mut state = lock(&self.shared.state);
        state.slept.push(duration);
        let deadline = state.now + duration;
        if self.shared.auto {
            state.now = state.now.max(deadline);
            drop(state);
            self.advance(Duration::ZERO);
            return;
        }
        while state.now < deadline {
            state = self
                .shared
                .moved
                .wait(state)
                .unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }
}

struct ManualSleep {
    clock: ManualClock,
    deadline: Instant,
    sleeper: u64,
}

impl ManualSleep {
    fn forget(&self, state: &mut State) {
        state.wakers.retain(|(sleeper, _)| *sleeper != self.sleeper);
    }
}

impl Future for ManualSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.clock.shared.state);
        self.forget(&mut state);
        if state.now < self.deadline && self.clock.shared.auto {
            state.now = self.deadline;
            drop(state);
            self.clock.advance(Duration::ZERO);
            return Poll::Ready(());
        }
        if state.now >= self.deadline {
            return Poll::Ready(());
        }
        state.wakers.push((self.sleeper, cx.waker().clone()));
        Poll::Pending
    }
}

impl Drop for ManualSleep {
    fn drop(&mut self) {
        self.forget(&mut lock(&self.clock.shared.state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    #[test]
    fn a_sleeper_wakes_at_its_deadline_and_not_before() {
        let clock = ManualClock::new();
        let mut sleep = pin!(clock.sleep(Duration::from_secs(2)));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        clock.advance(Duration::from_secs(1));
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        clock.advance(Duration::from_secs(1));
        assert!(sleep.as_mut().poll(&mut cx).is_ready());
    }

    #[test]
    fn a_dropped_sleeper_leaves_nothing_behind() {
        let clock = ManualClock::new();
        let mut sleep = clock.sleep(Duration::from_secs(2));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
        assert_eq!(clock.sleepers(), 1);
        drop(sleep);
        assert_eq!(clock.sleepers(), 0);
    }

    #[test]
    fn blocking_waits_for_another_thread_to_advance() {
        let clock = ManualClock::new();
        let pusher = clock.clone();
        std::thread::scope(|scope| {
            scope.spawn(|| clock.block(Duration::from_secs(5)));
            while pusher.slept().is_empty() {
                std::thread::yield_now();
            }
            pusher.advance(Duration::from_secs(5));
        });
        assert_eq!(clock.now(), Instant::from_nanos(5_000_000_000));
    }
}
