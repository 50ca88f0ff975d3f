use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use opero_core::Waiting;
use opero_core::sync::lock;

use super::Outbox;

/// Keeps all results until the last lane has ended.
pub(crate) struct Collect<R> {
    ordered: bool,
    /// Do lanes run on several threads? Then each keeps its results for itself, so that they do not meet at every item.
    apart: bool,
    state: Mutex<State<R>>,
}

struct State<R> {
    /// In order: a slot for each item. Unordered: what is there, in the order of completion.
    slots: Vec<Option<R>>,
    /// What the lanes kept for themselves.
    batches: Vec<Vec<(usize, R)>>,
    lanes: usize,
    done: Option<Waker>,
}

impl<R> Collect<R> {
    pub(crate) fn new(ordered: bool, waiting: Waiting) -> Self {
        let state = State {
            slots: Vec::new(),
            batches: Vec::new(),
            lanes: 0,
            done: None,
        };
        Self {
            ordered,
            apart: ordered && waiting == Waiting::Blocking,
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
        let (mut slots, batches) = {
            let mut state = lock(&self.state);
            (
                std::mem::take(&mut state.slots),
                std::mem::take(&mut state.batches),
            )
        };
        // Indices have hardly a gap, so placing is cheaper than sorting.
        let length = batches
            .iter()
            .filter_map(|batch| batch.iter().map(|(index, _)| index + 1).max());
        if let Some(length) = length.max() {
            slots.resize_with(length, || None);
        }
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
        if self.apart {
            local.push((index, result));
            return;
        }
        let slots = &mut lock(&self.state).slots;
        if !self.ordered || index == slots.len() {
            slots.push(Some(result));
            return;
        }
        if index > slots.len() {
            slots.resize_with(index + 1, || None);
        }
        slots[index] = Some(result);
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
