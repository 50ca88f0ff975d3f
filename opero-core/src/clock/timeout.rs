//! Timeouts in real time, for many waiting calls at the price of one timer.
//!
//! A timer of its own for each call would wake the timer's thread twice each time, which costs more than a server's answer.
//! So the calls that wait are on a list, and a thread goes through it some times a second while there are any.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::sync::lock;

/// How late an end may be.
const TICK: Duration = Duration::from_millis(10);

/// Rounds with an empty list after which the thread waits to be woken: a caller that comes back at once need not.
const IDLE_ROUNDS: u32 = 100;

/// What `future` gives, or `None` once `limit` of real time has passed, whatever the runtime's timer says.
///
/// For patience with something outside of the process, as [`real_sleep`](super::real_sleep), and for something that is
/// asked all the time: it costs some 100 ns where `future` has to wait, and nothing where it has not. In return the end
/// may be 10 ms late. It needs no runtime. Where the operating system gives no thread to keep the time, the end comes at
/// once.
///
/// ```
/// use opero_core::clock::real_timeout;
/// use std::time::Duration;
///
/// let limit = Duration::from_millis(5);
/// assert_eq!(opero_core::block_on(real_timeout(limit, async { 7 })), Some(7));
/// assert_eq!(opero_core::block_on(real_timeout(limit, std::future::pending::<()>())), None);
/// ```
pub async fn real_timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut waiting: Option<Waiting> = None;
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        let goes_on = match &waiting {
            Some(waiting) => waiting.goes_on(cx),
            None => match Instant::now().checked_add(limit) {
                Some(end) => {
                    waiting = Waiting::until(end, cx.waker().clone());
                    waiting.is_some()
                }
                // Past the end of the clock.
                None => true,
            },
        };
        match goes_on {
            true => Poll::Pending,
            false => Poll::Ready(None),
        }
    })
    .await
}

static LIST: Mutex<List> = Mutex::new(List {
    places: Vec::new(),
    free: Vec::new(),
    waiting: 0,
    keeper: Keeper::None,
});
static WORK: Condvar = Condvar::new();

struct List {
    places: Vec<Place>,
    free: Vec<usize>,
    waiting: usize,
    keeper: Keeper,
}

struct Place {
    end: Instant,
    waker: Option<Waker>,
}

/// The thread that goes through the list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeper {
    None,
    Awake,
    /// It has to be woken.
    Idle,
}

/// A place on the list, given up when dropped.
pub(super) struct Waiting {
    place: usize,
    end: Instant,
}

impl Waiting {
    /// `None` where no thread keeps the time.
    pub(super) fn until(end: Instant, waker: Waker) -> Option<Self> {
        let waker = Some(waker);
        let new = Place { end, waker };
        let mut list = lock(&LIST);
        match list.keeper {
            Keeper::Awake => {}
            Keeper::Idle => WORK.notify_one(),
            Keeper::None => start()?,
        }
        list.keeper = Keeper::Awake;
        list.waiting += 1;
        let place = match list.free.pop() {
            Some(place) => {
                list.places[place] = new;
                place
            }
            None => {
                list.places.push(new);
                list.places.len() - 1
            }
        };
        Some(Self { place, end })
    }

    fn goes_on(&self, cx: &Context<'_>) -> bool {
        if self.end <= Instant::now() {
            return false;
        }
        let known = |waker: &Option<Waker>| waker.as_ref().is_some_and(|w| w.will_wake(cx.waker()));
        if known(&lock(&LIST).places[self.place].waker) {
            return true;
        }
        // Cloned before the lock, and the old one dropped after it: both may run anything, other timeouts too.
        let new = Some(cx.waker().clone());
        let old = std::mem::replace(&mut lock(&LIST).places[self.place].waker, new);
        drop(old);
        true
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut list = lock(&LIST);
        let waker = list.places[self.place].waker.take();
        list.free.push(self.place);
        list.waiting -= 1;
        drop(list);
        // After the lock: a waker may run anything.
        drop(waker);
    }
}

/// Starts the thread, which stays.
fn start() -> Option<()> {
    let thread = thread::Builder::new().name("opero-timeout".to_owned());
    thread.spawn(keep).ok().map(drop)
}

fn keep() {
    let mut idle_rounds = 0;
    loop {
        thread::sleep(TICK);
        idle_rounds = match wake_overdue() {
            0 => idle_rounds + 1,
            _ => 0,
        };
        if idle_rounds >= IDLE_ROUNDS {
            wait_for_work();
            idle_rounds = 0;
        }
    }
}

/// Wakes those whose time is up; how many wait.
fn wake_overdue() -> usize {
    let mut list = lock(&LIST);
    let now = Instant::now();
    let late = list.places.iter_mut().filter(|place| place.end <= now);
    let overdue: Vec<_> = late.filter_map(|place| place.waker.take()).collect();
    let waiting = list.waiting;
    drop(list);
    for waker in overdue {
        // A foreign waker that panics must not keep the others waiting.
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
    waiting
}

fn wait_for_work() {
    let mut list = lock(&LIST);
    if list.waiting > 0 {
        return;
    }
    list.keeper = Keeper::Idle;
    while list.keeper == Keeper::Idle {
        list = WORK.wait(list).unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests {
    /// A task's last waker may take the task with it, and another timeout in there.
    #[test]
    fn a_waker_that_owns_another_timeout_is_replaced() {
        struct Owner(#[expect(dead_code, reason = "it is only dropped")] Mutex<Box<dyn Send>>);
        impl std::task::Wake for Owner {
            fn wake(self: std::sync::Arc<Self>) {}
        }
        let endless = || {
            Box::pin(real_timeout(
                Duration::from_secs(60),
                std::future::pending::<()>(),
            ))
        };
        let mut idle = Context::from_waker(Waker::noop());
        let mut owned = endless();
        assert!(owned.as_mut().poll(&mut idle).is_pending());
        let owner = std::sync::Arc::new(Owner(Mutex::new(Box::new(owned))));
        let mut timeout = endless();
        let waker = Waker::from(owner);
        assert!(
            timeout
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(waker);
        assert!(timeout.as_mut().poll(&mut idle).is_pending());
    }

    use super::*;
    use crate::block_on;
    use std::future::{pending, ready};

    const SHORT: Duration = Duration::from_millis(15);

    #[test]
    fn it_ends_without_a_runtime_and_again_after_idleness() {
        for pause in [0, 0, 1_300] {
            thread::sleep(Duration::from_millis(pause));
            let started = Instant::now();
            assert_eq!(block_on(real_timeout(SHORT, pending::<()>())), None);
            assert!(started.elapsed() >= SHORT);
        }
        assert_eq!(block_on(real_timeout(SHORT, ready(7))), Some(7));
        let short = real_timeout(SHORT, real_timeout(Duration::MAX, pending::<()>()));
        assert_eq!(block_on(short), None);
    }

    #[tokio::test(start_paused = true)]
    async fn paused_time_ends_nothing_early() {
        let started = Instant::now();
        let hour = Duration::from_secs(3_600);
        let (ended, ()) = tokio::join!(
            real_timeout(SHORT, pending::<()>()),
            tokio::time::sleep(hour)
        );
        assert_eq!(ended, None);
        assert!(started.elapsed() >= SHORT);
    }

    #[test]
    fn places_are_used_again() {
        let end = Instant::now() + Duration::from_secs(3_600);
        for _ in 0..1_000 {
            drop(Waiting::until(end, Waker::noop().clone()));
        }
        // Other tests may hold some.
        assert!(lock(&LIST).places.len() < 100);
    }
}
