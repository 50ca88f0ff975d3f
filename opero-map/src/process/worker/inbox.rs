//! The calls that have arrived and not begun.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use opero_core::sync::lock;

/// A call's number and its arguments.
pub(super) type Call = (u64, Vec<u8>);

/// Whatever stops a call that runs: of no use to a synchronous one.
type Stop = Box<dyn Fn() + Send>;

#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    calls: VecDeque<Call>,
    running: usize,
    /// How the async calls that run are stopped.
    stops: Vec<(u64, Stop)>,
    /// Of the task that waits for calls.
    waker: Option<Waker>,
    news: bool,
}

impl Inbox {
    /// Takes in a call; [`deliver`](Self::deliver) tells of it.
    pub(super) fn put(&self, id: u64, arguments: Vec<u8>) {
        let mut state = lock(&self.state);
        state.calls.push_back((id, arguments));
        state.news = true;
    }

    /// Wakes whoever waits for calls, if there are new ones.
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

    /// The next call for a function that blocks; the one before it has ended. `idle` is called before it waits.
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

    /// The next call for an async function.
    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Call> {
        let mut state = lock(&self.state);
        match state.calls.pop_front() {
            Some(call) => {
                state.running += 1;
                Poll::Ready(call)
            }
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// An async call runs, and can be stopped so.
    pub(super) fn began(&self, id: u64, stop: Stop) {
        lock(&self.state).stops.push((id, stop));
    }

    /// An async call has ended, in whatever way.
    pub(super) fn ended(&self, id: u64) {
        let mut state = lock(&self.state);
        state.running = state.running.saturating_sub(1);
        state.stops.retain(|(other, _)| *other != id);
    }

    /// Takes out a call that has not begun: true. One that runs is stopped, if it can be, and says so itself.
    pub(super) fn cancel(&self, id: u64) -> bool {
        let mut state = lock(&self.state);
        let place = state.calls.iter().position(|(call, _)| *call == id);
        if let Some(place) = place {
            state.calls.remove(place);
            return true;
        }
        if let Some((_, stop)) = state.stops.iter().find(|(call, _)| *call == id) {
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
