//! Telling a future that waits from one that nothing polls.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};

use crate::sync::lock;

/// The polls of a future that others wait for.
///
/// A future may be alive and never be polled again, kept beside a `select!` for example. A sleeping one is not polled
/// either. What tells them apart is what follows on a wake-up: [`probe`](Self::probe) notes the polls so far,
/// [`wake`](Self::wake) wakes the future's task, and [`is_idle`](Self::is_idle) says later whether that polled it.
///
/// ```
/// use opero_core::Pulse;
/// use std::future::{Future, pending};
/// use std::pin::pin;
/// use std::task::{Context, Waker};
///
/// let pulse = Pulse::default();
/// let mut waits = pin!(pulse.watch(Box::pin(pending::<()>())));
/// let mut task = Context::from_waker(Waker::noop());
/// assert!(waits.as_mut().poll(&mut task).is_pending());
/// let probe = pulse.probe();
/// pulse.wake();
/// assert!(pulse.is_idle(probe));
/// assert!(waits.as_mut().poll(&mut task).is_pending());
/// assert!(!pulse.is_idle(probe));
/// ```
#[derive(Debug, Default)]
pub struct Pulse {
    /// A poll is under way: a thread runs, or blocks in, the future.
    polling: AtomicBool,
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    polls: u64,
    waker: Option<Waker>,
}

/// The polls of a future before a wake-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe(u64);

impl Pulse {
    /// A poll of the future begins. One store.
    #[inline]
    pub fn begin(&self) {
        self.polling.store(true, Ordering::Release);
    }

    /// The poll ends, and the future waits for a wake-up of `task`.
    pub fn pending(&self, task: &Context<'_>) {
        let replaced = {
            let mut pending = lock(&self.pending);
            pending.polls += 1;
            self.polling.store(false, Ordering::Release);
            match &pending.waker {
                Some(known) if known.will_wake(task.waker()) => None,
                _ => pending.waker.replace(task.waker().clone()),
            }
        };
        // Without the lock: dropping a waker may run anything.
        drop(replaced);
    }

    /// No poll is under way, and none follows: the future ended, or another one takes its place. Returns its waker, to be dropped
    /// without any lock: that may run anything.
    #[must_use]
    pub fn end(&self) -> Option<Waker> {
        self.polling.store(false, Ordering::Release);
        lock(&self.pending).waker.take()
    }

    /// Notes the polls so far, for [`is_idle`](Self::is_idle). [`wake`](Self::wake) has to follow.
    #[must_use]
    pub fn probe(&self) -> Probe {
        Probe(lock(&self.pending).polls)
    }

    /// Wakes the future's task.
    pub fn wake(&self) {
        let waker = lock(&self.pending).waker.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Returns `true` if the future was not polled since `probe`.
    pub fn is_idle(&self, probe: Probe) -> bool {
        !self.polling.load(Ordering::Acquire) && lock(&self.pending).polls == probe.0
    }

    /// Polls `future` under this pulse.
    pub async fn watch<F: Future>(
        &self,
        mut future: Pin<impl std::ops::DerefMut<Target = F>>,
    ) -> F::Output {
        poll_fn(|task| {
            self.begin();
            let polled = future.as_mut().poll(task);
            if polled.is_pending() {
                self.pending(task);
            }
            polled
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use std::pin::pin;

    #[test]
    fn a_future_inside_its_poll_is_not_idle() {
        let pulse = Pulse::default();
        let inside = pulse.watch(Box::pin(async {
            let probe = pulse.probe();
            assert!(!pulse.is_idle(probe));
        }));
        crate::block_on(inside);
    }

    #[test]
    fn one_that_ended_leaves_the_pulse_to_the_next() {
        let pulse = Pulse::default();
        pulse.begin();
        drop(pulse.end());
        let probe = pulse.probe();
        assert!(pulse.is_idle(probe));
        let mut next = pin!(pulse.watch(Box::pin(pending::<()>())));
        let _ = next.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(!pulse.is_idle(probe));
    }
}
