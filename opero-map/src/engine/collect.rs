use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use opero_core::sync::lock;

use super::Outbox;

/// Keeps all results until the last lane has ended.
pub(crate) struct Collect<R> {
    ordered: bool,
    state: Mutex<State<R>>,
}

struct State<R> {
    results: Results<R>,
    lanes: usize,
    done: Option<Waker>,
}

/// In order: results are set down as soon as those before them are there, so that the end needs no sorting.
struct Results<R> {
    /// The results of the first items, without a gap; unordered, all that there are.
    settled: Vec<R>,
    /// Those of the items behind, with gaps where items are still worked on.
    ahead: VecDeque<Option<R>>,
}

/// How many results a lane keeps for itself before it hands them over.
const KEPT: usize = 32;

impl<R> Collect<R> {
    pub(crate) fn new(ordered: bool) -> Self {
        let results = Results {
            settled: Vec::new(),
            ahead: VecDeque::new(),
        };
        Self {
            ordered,
            state: Mutex::new(State {
                results,
                lanes: 0,
                done: None,
            }),
        }
    }

    /// Waits until the last lane has ended.
    pub(crate) fn poll_done(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.lanes == 0 {
            return Poll::Ready(());
        }
        state.done = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The results: in the order of the input, or of completion.
    pub(crate) fn take(&self) -> Vec<R> {
        let results = &mut lock(&self.state).results;
        let mut taken = std::mem::take(&mut results.settled);
        // A gap that is left belongs to an item that was taken and never ran.
        taken.extend(results.ahead.drain(..).flatten());
        taken
    }

    fn hand_over(&self, local: &mut Vec<(usize, R)>) {
        let results = &mut lock(&self.state).results;
        for (index, result) in local.drain(..) {
            results.set(index, result);
        }
    }
}

impl<R> Results<R> {
    #[inline]
    fn set(&mut self, index: usize, result: R) {
        let place = index - self.settled.len();
        if place > 0 {
            if place >= self.ahead.len() {
                self.ahead.resize_with(place + 1, || None);
            }
            self.ahead[place] = Some(result);
            return;
        }
        self.settled.push(result);
        if self.ahead.is_empty() {
            return;
        }
        // The slot of the item just settled, and then what waited for it.
        self.ahead.pop_front();
        while let Some(next) = self.ahead.front_mut().and_then(Option::take) {
            self.settled.push(next);
            self.ahead.pop_front();
        }
    }
}

impl<R: Send> Outbox<R> for Collect<R> {
    type Local = Vec<(usize, R)>;
    const CHUNKED: bool = true;

    fn local(&self) -> Self::Local {
        Vec::new()
    }

    #[inline]
    fn poll_room(&self, _: usize, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    #[inline]
    fn put(&self, local: &mut Self::Local, index: usize, result: R) {
        if !self.ordered {
            lock(&self.state).results.settled.push(result);
            return;
        }
        local.push((index, result));
        if local.len() == KEPT {
            self.hand_over(local);
        }
    }

    fn flush(&self, local: &mut Self::Local) {
        self.hand_over(local);
    }

    fn lane_opened(&self) {
        lock(&self.state).lanes += 1;
    }

    fn lane_closed(&self) {
        let mut state = lock(&self.state);
        state.lanes -= 1;
        let done = if state.lanes == 0 {
            state.done.take()
        } else {
            None
        };
        drop(state);
        if let Some(done) = done {
            done.wake();
        }
    }
}
