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
    /// What the lanes kept, each in the order of its own items; unordered, one list in the order of completion.
    batches: Vec<Vec<(usize, R)>>,
    lanes: usize,
    done: Option<Waker>,
}

impl<R> Collect<R> {
    pub(crate) fn new(ordered: bool) -> Self {
        let state = State {
            batches: Vec::new(),
            lanes: 0,
            done: None,
        };
        Self {
            ordered,
            state: Mutex::new(state),
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
        let batches = std::mem::take(&mut lock(&self.state).batches);
        if !self.ordered {
            return batches.into_iter().flatten().map(|(_, r)| r).collect();
        }
        // The indices are nearly without gaps, so placing is cheaper than sorting.
        let length = batches.iter().flatten().map(|(index, _)| index + 1).max();
        let mut slots: Vec<Option<R>> = Vec::new();
        slots.resize_with(length.unwrap_or(0), || None);
        for (index, result) in batches.into_iter().flatten() {
            slots[index] = Some(result);
        }
        slots.into_iter().flatten().collect()
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
        if self.ordered {
            local.push((index, result));
            return;
        }
        let mut state = lock(&self.state);
        match state.batches.first_mut() {
            Some(batch) => batch.push((index, result)),
            None => state.batches.push(vec![(index, result)]),
        }
    }

    fn flush(&self, local: Self::Local) {
        if !local.is_empty() {
            lock(&self.state).batches.push(local);
        }
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
