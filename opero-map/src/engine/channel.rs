use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use opero_core::sync::lock;

use super::sink::ResultSink;
use super::wakers::LoopWakers;

/// Hands results to a consumer as it asks for them.
///
/// What was let in and not consumed never exceeds the window, results held back for the sake of
/// order included: a slow consumer slows the worker loops down, and so does a slow item at the head
/// of the order.
pub(crate) struct Channel<R> {
    ordered: bool,
    window: usize,
    state: Mutex<State<R>>,
}

struct State<R> {
    /// In order: a slot for each item from `head` on, empty while the item is worked on. Unordered:
    /// what is there.
    slots: VecDeque<Option<R>>,
    head: usize,
    let_in: usize,
    consumed: usize,
    /// Worker loops that found no room.
    waiting: VecDeque<usize>,
    worker_loops: usize,
    consumer: Option<Waker>,
}

impl<R> Channel<R> {
    pub(crate) fn new(ordered: bool, window: usize) -> Self {
        let state = State {
            slots: VecDeque::new(),
            head: 0,
            let_in: 0,
            consumed: 0,
            waiting: VecDeque::new(),
            worker_loops: 0,
            consumer: None,
        };
        Self {
            ordered,
            window,
            state: Mutex::new(state),
        }
    }

    /// Polls for the next result; `None` after the last one.
    pub(crate) fn poll_next(&self, wakers: &LoopWakers, cx: &Context<'_>) -> Poll<Option<R>> {
        let mut state = lock(&self.state);
        let closed = state.worker_loops == 0;
        loop {
            match state.slots.front_mut().map(Option::take) {
                Some(Some(result)) => {
                    state.slots.pop_front();
                    state.head += 1;
                    state.consumed += 1;
                    let worker_loop = state.waiting.pop_front();
                    drop(state);
                    if let Some(worker_loop) = worker_loop {
                        wakers.wake(worker_loop);
                    }
                    return Poll::Ready(Some(result));
                }
                // No worker loop has it any more: the run was stopped.
                Some(None) if closed => {
                    state.slots.pop_front();
                    state.head += 1;
                }
                None if closed => return Poll::Ready(None),
                _ => {
                    state.consumer = Some(cx.waker().clone());
                    return Poll::Pending;
                }
            }
        }
    }
}

impl<R: Send> ResultSink<R> for Channel<R> {
    type Local = ();
    const BATCHED: bool = false;

    fn local(&self) {}

    fn poll_room(&self, worker_loop: usize, _: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        state.waiting.retain(|&waiting| waiting != worker_loop);
        if state.let_in - state.consumed < self.window {
            state.let_in += 1;
            return Poll::Ready(());
        }
        state.waiting.push_back(worker_loop);
        Poll::Pending
    }

    fn put(&self, _: &mut (), index: usize, result: R) {
        let mut state = lock(&self.state);
        if self.ordered {
            let place = index - state.head;
            if place >= state.slots.len() {
                state.slots.resize_with(place + 1, || None);
            }
            state.slots[place] = Some(result);
        } else {
            state.slots.push_back(Some(result));
        }
        // In order, the consumer can go on only when the head is there.
        let consumer = match state.slots.front() {
            Some(Some(_)) => state.consumer.take(),
            _ => None,
        };
        drop(state);
        if let Some(consumer) = consumer {
            consumer.wake();
        }
    }

    fn flush(&self, (): &mut ()) {}

    fn loop_opened(&self) {
        lock(&self.state).worker_loops += 1;
    }

    fn loop_closed(&self) {
        let mut state = lock(&self.state);
        state.worker_loops -= 1;
        let consumer = if state.worker_loops == 0 {
            state.consumer.take()
        } else {
            None
        };
        drop(state);
        if let Some(consumer) = consumer {
            consumer.wake();
        }
    }
}
