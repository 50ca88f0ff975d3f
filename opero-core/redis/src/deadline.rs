//! The end of waiting, for many calls at the price of one timer.
//!
//! A timer of its own for each call would wake the timer's thread each time, and cost more than the answer. So the calls
//! that wait are on a list, and a task on opero's own runtime goes through it some times a second while there are any. Its
//! time is real: a paused tokio runtime ends no call early, and one that nobody drives keeps none waiting.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use opero_core::sync::lock;
use tokio::sync::Notify;

use crate::runtime;

/// How late a deadline may be.
const TICK: Duration = Duration::from_millis(10);

/// Rounds with nobody on the list after which the task waits to be woken: a caller that comes back at once need not.
const IDLE_ROUNDS: u32 = 100;

/// The time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Elapsed;

/// What `future` gives, or [`Elapsed`] once `time` has passed.
pub(crate) async fn within<F: Future>(time: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut waiting: Option<Waiting> = None;
    let started = Instant::now();
    std::future::poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        match &waiting {
            Some(waiting) if waiting.is_over(cx) => Poll::Ready(Err(Elapsed)),
            Some(_) => Poll::Pending,
            None => {
                waiting = Some(Waiting::until(started + time, cx));
                Poll::Pending
            }
        }
    })
    .await
}

/// Starts the task that ends waiting. It is the first thing that a call does.
pub(crate) fn start() -> io::Result<()> {
    static STARTED: std::sync::OnceLock<()> = std::sync::OnceLock::new();
    if STARTED.get().is_none() {
        let own = runtime::own()?;
        STARTED.get_or_init(|| drop(own.spawn(watch())));
    }
    Ok(())
}

struct Calls {
    places: Vec<Place>,
    free: Vec<usize>,
    waiting: usize,
    /// The task waits to be woken.
    idle: bool,
}

struct Place {
    deadline: Instant,
    waker: Option<Waker>,
}

static CALLS: Mutex<Calls> = Mutex::new(Calls {
    places: Vec::new(),
    free: Vec::new(),
    waiting: 0,
    idle: false,
});
static WORK: Notify = Notify::const_new();

/// A place on the list, given up when dropped.
struct Waiting {
    place: usize,
    deadline: Instant,
}

impl Waiting {
    fn until(deadline: Instant, cx: &Context<'_>) -> Self {
        let mut calls = lock(&CALLS);
        let new = Place {
            deadline,
            waker: Some(cx.waker().clone()),
        };
        let place = match calls.free.pop() {
            Some(place) => {
                calls.places[place] = new;
                place
            }
            None => {
                calls.places.push(new);
                calls.places.len() - 1
            }
        };
        calls.waiting += 1;
        if std::mem::take(&mut calls.idle) {
            WORK.notify_one();
        }
        Self { place, deadline }
    }

    fn is_over(&self, cx: &Context<'_>) -> bool {
        if self.deadline <= Instant::now() {
            return true;
        }
        match &mut lock(&CALLS).places[self.place].waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        false
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut calls = lock(&CALLS);
        // Dropped after the lock is gone: a waker may run anything.
        let waker = calls.places[self.place].waker.take();
        calls.free.push(self.place);
        calls.waiting -= 1;
        drop(calls);
        drop(waker);
    }
}

async fn watch() {
    let mut idle_rounds = 0;
    loop {
        tokio::time::sleep(TICK).await;
        idle_rounds = match wake_overdue() {
            0 => idle_rounds + 1,
            _ => 0,
        };
        if idle_rounds >= IDLE_ROUNDS && fall_asleep() {
            WORK.notified().await;
            idle_rounds = 0;
        }
    }
}

/// Wakes those whose time is up; how many wait.
fn wake_overdue() -> usize {
    let mut overdue = Vec::new();
    let mut calls = lock(&CALLS);
    let now = Instant::now();
    let places = &mut calls.places;
    let late = places.iter_mut().filter(|place| place.deadline <= now);
    overdue.extend(late.filter_map(|place| place.waker.take()));
    let waiting = calls.waiting;
    drop(calls);
    overdue.into_iter().for_each(Waker::wake);
    waiting
}

/// From now on the next call wakes the task; not where there is one already.
fn fall_asleep() -> bool {
    let mut calls = lock(&CALLS);
    calls.idle = calls.waiting == 0;
    calls.idle
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    const SHORT: Duration = Duration::from_millis(15);

    #[test]
    fn a_deadline_needs_no_runtime_and_comes_again_after_idleness() {
        start().unwrap();
        for pause in [0, 0, 1_300] {
            std::thread::sleep(Duration::from_millis(pause));
            let started = Instant::now();
            let ended = opero_core::block_on(within(SHORT, pending::<()>()));
            assert_eq!(ended, Err(Elapsed));
            assert!(started.elapsed() >= SHORT);
        }
        assert_eq!(opero_core::block_on(within(SHORT, ready(7))), Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn paused_time_ends_nothing_early() {
        start().unwrap();
        let started = Instant::now();
        let ended = tokio::join!(
            within(SHORT, pending::<()>()),
            tokio::time::sleep(Duration::from_secs(3_600))
        );
        assert_eq!(ended.0, Err(Elapsed));
        assert!(started.elapsed() >= SHORT);
    }

    #[test]
    fn places_are_used_again() {
        start().unwrap();
        let cx = Context::from_waker(Waker::noop());
        let deadline = Instant::now() + Duration::from_secs(3_600);
        for _ in 0..1_000 {
            drop(Waiting::until(deadline, &cx));
        }
        // Other tests may hold some.
        assert!(lock(&CALLS).places.len() < 100);
    }
}
