//! The calls of a worker that have arrived.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use opero_core::sync::lock;

/// A call's number and its arguments.
pub(super) type Call = (u64, Vec<u8>);

/// Stops a running async call.
type Stop = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    arrived: Condvar,
}

/// How far an async call is.
enum Begun {
    /// It has no way to be stopped yet.
    Taken,
    /// It runs, and can be stopped so.
    Running(Stop),
    /// It was cancelled.
    Cancelled,
}

#[derive(Default)]
struct State {
    calls: VecDeque<Call>,
    running: usize,
    /// The async calls that were taken out and have not ended.
    begun: Vec<(u64, Begun)>,
    /// Of the task that waits for calls.
    waker: Option<Waker>,
    news: bool,
}

impl Inbox {
    /// Adds a call; [`deliver`](Self::deliver) wakes the one that waits.
    pub(super) fn put(&self, id: u64, arguments: Vec<u8>) {
        let mut state = lock(&self.state);
        state.calls.push_back((id, arguments));
        state.news = true;
    }

    /// Wakes the one that waits for calls, if there are new ones.
    pub(super) fn deliver(&self) {
        let mut state = lock(&self.state);
        if !std::mem::take(&mut state.news) {
            return;
        }
        let waker = state.waker.take();
        drop(state);
        self.arrived.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits for the next call of a synchronous function; the one before has ended. Calls `idle`
    /// before it waits.
    pub(super) fn next(&self, idle: impl FnOnce()) -> Call {
        let mut state = lock(&self.state);
        state.running = 0;
        if state.calls.is_empty() {
            drop(state);
            idle();
            state = lock(&self.state);
        }
        loop {
            if let Some(call) = state.calls.pop_front() {
                state.running = 1;
                return call;
            }
            state = self
                .arrived
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Polls for the next call of an async function.
    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Call> {
        let mut state = lock(&self.state);
        match state.calls.pop_front() {
            Some(call) => {
                state.running += 1;
                // Known from here on: it may be cancelled before it runs.
                state.begun.push((call.0, Begun::Taken));
                Poll::Ready(call)
            }
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Notes how an async call is stopped. Stops it now if it was cancelled since it was taken out.
    pub(super) fn began(&self, id: u64, stop: Stop) {
        let mut state = lock(&self.state);
        match state.begun(id) {
            Some(taken @ Begun::Taken) => *taken = Begun::Running(stop),
            Some(_) => {
                drop(state);
                stop();
            }
            // It has ended already.
            None => {}
        }
    }

    /// Notes that an async call has ended.
    pub(super) fn ended(&self, id: u64) {
        let mut state = lock(&self.state);
        state.running = state.running.saturating_sub(1);
        state.begun.retain(|(other, _)| *other != id);
    }

    /// Cancels a call. Returns `true` if it had not begun; one that runs is stopped if it can be,
    /// and reports that itself.
    pub(super) fn cancel(&self, id: u64) -> bool {
        let mut state = lock(&self.state);
        let place = state.calls.iter().position(|(call, _)| *call == id);
        if let Some(place) = place {
            state.calls.remove(place);
            return true;
        }
        let begun = state.begun(id);
        let begun = begun.map(|begun| std::mem::replace(begun, Begun::Cancelled));
        drop(state);
        if let Some(Begun::Running(stop)) = begun {
            stop();
        }
        false
    }

    /// Takes out all calls that have not begun.
    pub(super) fn give_back(&self) -> Vec<u64> {
        let mut state = lock(&self.state);
        state.calls.drain(..).map(|(id, _)| id).collect()
    }

    pub(super) fn has_calls(&self) -> bool {
        !lock(&self.state).calls.is_empty()
    }

    pub(super) fn is_idle(&self) -> bool {
        let state = lock(&self.state);
        state.calls.is_empty() && state.running == 0
    }
}

impl State {
    fn begun(&mut self, id: u64) -> Option<&mut Begun> {
        let mut begun = self.begun.iter_mut();
        begun.find(|(call, _)| *call == id).map(|(_, begun)| begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// An inbox whose call 7 was taken out, and a way to stop that call which counts.
    fn taken() -> (Inbox, Stop, Arc<AtomicUsize>) {
        let inbox = Inbox::default();
        inbox.put(7, Vec::new());
        let taken = inbox.poll_next(&Context::from_waker(Waker::noop()));
        assert_eq!(taken, Poll::Ready((7, Vec::new())));
        let stops = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&stops);
        let stop = move || {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        (inbox, Box::new(stop), stops)
    }

    #[test]
    fn a_call_that_is_cancelled_before_it_can_be_stopped_is_stopped_once_it_can() {
        let (inbox, stop, stops) = taken();
        assert!(!inbox.cancel(7));
        inbox.began(7, stop);
        assert_eq!(stops.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_call_that_runs_is_stopped_once() {
        let (inbox, stop, stops) = taken();
        inbox.began(7, stop);
        assert_eq!(stops.load(Ordering::Relaxed), 0);
        assert!(!inbox.cancel(7));
        assert!(!inbox.cancel(7));
        assert_eq!(stops.load(Ordering::Relaxed), 1);
        assert!(!inbox.is_idle());
        inbox.ended(7);
        assert!(inbox.is_idle());
    }

    #[test]
    fn a_call_that_has_not_begun_is_taken_out() {
        let inbox = Inbox::default();
        inbox.put(7, Vec::new());
        assert!(inbox.cancel(7));
        assert!(inbox.is_idle());
    }
}
