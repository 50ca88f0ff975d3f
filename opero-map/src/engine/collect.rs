use std::collections::VecDeque;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use opero_core::sync::lock;

use super::batch_sizer;
use super::sink::ResultSink;

/// Collects all results until the last worker loop has ended.
pub(crate) struct Collect<R> {
    ordered: bool,
    state: Mutex<State<R>>,
}

struct State<R> {
    results: Results<R>,
    worker_loops: usize,
    done: Option<Waker>,
}

/// In order: results are set down as soon as those before them are there, so that the end needs no
/// sorting.
struct Results<R> {
    /// The results of the first items, without a gap; unordered, all that there are.
    settled: Vec<R>,
    /// Those of the items behind, with gaps where items are still worked on.
    ahead: VecDeque<Option<R>>,
}

/// Local results of a worker loop, of neighbouring items.
pub(crate) struct Batch<R> {
    /// The place of the first of them in the input.
    first: usize,
    results: Vec<R>,
}

/// The most local results of a worker loop: those of one batch of items.
const MAX_BATCH_RESULTS: usize = batch_sizer::MAX_BATCH_ITEMS;

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
                worker_loops: 0,
                done: None,
            }),
        }
    }

    /// Waits until the last worker loop has ended.
    pub(crate) fn poll_done(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.worker_loops == 0 {
            return Poll::Ready(());
        }
        state.done = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Takes the results, in the order of the input or of completion. `missing` is the result of an
    /// item that was taken and never ran, before others that did.
    pub(crate) fn take(&self, missing: impl Fn() -> R) -> Vec<R> {
        let results = &mut lock(&self.state).results;
        let mut taken = std::mem::take(&mut results.settled);
        let ahead = results.ahead.drain(..);
        taken.extend(ahead.map(|slot| slot.unwrap_or_else(&missing)));
        taken
    }

    /// Takes a result that does not belong to the batch.
    #[inline(never)]
    fn put_apart(&self, batch: &mut Batch<R>, index: usize, result: R) {
        if !self.ordered {
            lock(&self.state).results.settled.push(result);
            return;
        }
        self.hand_over(batch);
        batch.first = index;
        batch.results.push(result);
    }

    /// Hands the batch over, and leaves it empty.
    fn hand_over(&self, batch: &mut Batch<R>) {
        if batch.results.is_empty() {
            return;
        }
        lock(&self.state)
            .results
            .set(batch.first, &mut batch.results);
    }
}

impl<R> Results<R> {
    /// Takes the results of neighbouring items, the first of which is at `first` of the input.
    fn set(&mut self, first: usize, results: &mut Vec<R>) {
        let place = first - self.settled.len();
        let count = results.len();
        if place > 0 {
            if place + count > self.ahead.len() {
                self.ahead.resize_with(place + count, || None);
            }
            let slots = self.ahead.range_mut(place..);
            for (slot, result) in slots.zip(results.drain(..)) {
                *slot = Some(result);
            }
            return;
        }
        self.settled.append(results);
        // The slots of the items just settled, and then what waited for them.
        self.ahead.drain(..count.min(self.ahead.len()));
        while let Some(next) = self.ahead.front_mut().and_then(Option::take) {
            self.settled.push(next);
            self.ahead.pop_front();
        }
    }
}

impl<R: Send> ResultSink<R> for Collect<R> {
    type Local = Batch<R>;
    const BATCHED: bool = true;

    fn local(&self) -> Self::Local {
        Batch {
            first: 0,
            results: Vec::new(),
        }
    }

    #[inline]
    fn poll_room(&self, _: usize, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    #[inline]
    fn put(&self, local: &mut Self::Local, index: usize, result: R) {
        let kept = local.results.len();
        if self.ordered && kept < MAX_BATCH_RESULTS && index == local.first + kept {
            local.results.push(result);
        } else {
            self.put_apart(local, index, result);
        }
    }

    fn flush(&self, local: &mut Self::Local) {
        self.hand_over(local);
    }

    fn loop_opened(&self) {
        lock(&self.state).worker_loops += 1;
    }

    fn loop_closed(&self) {
        let mut state = lock(&self.state);
        state.worker_loops -= 1;
        let done = if state.worker_loops == 0 {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Each step is the worker loop that takes the next items, how many, and whether they get
        /// results.
        #[test]
        fn results_of_any_loops_in_any_batches_stay_at_the_places_of_their_items(
            steps in prop::collection::vec((0_usize..4, 1_usize..100, prop::bool::weighted(0.9)), 0..60),
        ) {
            let collect = Collect::new(true);
            let mut loops: Vec<_> = (0..4).map(|_| collect.local()).collect();
            let mut next = 0;
            let mut expected = Vec::new();
            for (number, items, run) in steps {
                for index in next..next + items {
                    if run {
                        collect.put(&mut loops[number], index, Some(index));
                        expected.resize(index, None);
                        expected.push(Some(index));
                    }
                }
                next += items;
            }
            loops.iter_mut().for_each(|local| collect.flush(local));
            prop_assert_eq!(collect.take(|| None), expected);
        }
    }

    #[test]
    fn results_of_items_taken_from_the_end_of_a_batch_keep_the_order_too() {
        let collect = Collect::new(true);
        let (mut slow, mut thief) = (collect.local(), collect.local());
        (1..300)
            .rev()
            .for_each(|index| collect.put(&mut thief, index, index));
        collect.put(&mut slow, 0, 0);
        collect.flush(&mut slow);
        collect.flush(&mut thief);
        assert!(collect.take(|| unreachable!()).into_iter().eq(0..300));
    }

    #[test]
    fn unordered_the_results_are_there_as_they_come() {
        let collect = Collect::new(false);
        let mut loops = [collect.local(), collect.local()];
        for index in [3, 0, 2, 1] {
            collect.put(&mut loops[index % 2], index, index);
        }
        assert_eq!(collect.take(|| unreachable!()), [3, 0, 2, 1]);
    }
}
