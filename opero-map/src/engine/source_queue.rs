use std::iter;
use std::sync::{Mutex, OnceLock};
use std::task::{self, Context, Poll};

use crossbeam_deque::{Stealer, Worker};
use opero_core::sync::lock;

use super::batch_sizer::BatchSizer;
use super::stop_signal::{StopLevel, StopSignal};
use super::wakers::LoopWakers;
use crate::resume::JournalKey;
use crate::source::Source;

/// The source, shared by the worker loops. Items are numbered as they are pulled.
pub(crate) struct SourceQueue<S: Source> {
    state: Mutex<QueueState<S>>,
    /// The batches of the worker loops, for the others; empty where these take single items.
    batches: Box<[SharedBatch<S::Item>]>,
}

struct QueueState<S> {
    source: S,
    next: usize,
    ended: bool,
    /// Worker loops that found the source not ready.
    waiting: Vec<usize>,
}

/// An item, its index in the input and, where the run has a journal, its key there.
pub(crate) struct QueuedItem<I> {
    pub(crate) index: usize,
    pub(crate) item: I,
    pub(crate) key: Option<JournalKey>,
}

/// What the other worker loops see of a batch, once its own has begun.
type SharedBatch<I> = OnceLock<Stealer<QueuedItem<I>>>;

/// The items that one worker loop took and has not started. A loop that finds the source at its end
/// takes from the batches of the others, so no item is held up behind a slow one.
pub(crate) struct Batch<I> {
    /// `None` where items are taken one at a time.
    items: Option<Worker<QueuedItem<I>>>,
    sizer: BatchSizer,
}

impl<S: Source> SourceQueue<S> {
    /// Creates a queue for this many worker loops that take batches; others take single items.
    pub(crate) fn new(source: S, batches: usize) -> Self {
        Self {
            state: Mutex::new(QueueState {
                source,
                next: 0,
                ended: false,
                waiting: Vec::new(),
            }),
            batches: (0..batches).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Creates the batch of `worker_loop`, which begins.
    pub(crate) fn batch(&self, worker_loop: usize) -> Batch<S::Item> {
        let items = self.batches.get(worker_loop).map(|shared| {
            let items = Worker::new_fifo();
            // A loop begins once.
            let _ = shared.set(items.stealer());
            items
        });
        Batch {
            items,
            sizer: BatchSizer::new(),
        }
    }

    /// Returns `true` if the source has no more items than these, which were given out.
    pub(crate) fn has_given_all(&self, items: usize) -> bool {
        let state = lock(&self.state);
        state.next == items && (state.ended || state.source.size_hint().1 == Some(0))
    }

    /// Takes the next item for `worker_loop`; `None` at the end. Calls `journal_key` for each item,
    /// in the order of the input.
    #[inline]
    pub(crate) fn poll_take(
        &self,
        worker_loop: usize,
        batch: &mut Batch<S::Item>,
        stop_signal: &StopSignal,
        journal_key: &impl Fn(&S::Item) -> Option<JournalKey>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<QueuedItem<S::Item>>> {
        if stop_signal.stopped() {
            return Poll::Ready(None);
        }
        let wakers = &stop_signal.wakers;
        let Some(items) = &batch.items else {
            let polled = lock(&self.state).poll_pull(worker_loop, wakers, journal_key, cx);
            if let Poll::Ready(None) = polled {
                // Loops that wait for the source or for room have nothing to wait for any more.
                stop_signal.raise(StopLevel::Stop);
            }
            return polled;
        };
        if let Some(item) = items.pop() {
            return Poll::Ready(Some(item));
        }
        let wanted = batch.sizer.next();
        let mut state = lock(&self.state);
        let ended = state.ended;
        let Some(first) = task::ready!(state.poll_pull(worker_loop, wakers, journal_key, cx))
        else {
            drop(state);
            if !ended {
                wakers.wake_all();
            }
            return Poll::Ready(self.steal(worker_loop));
        };
        // Only what the source has for sure: no first item waits for a second one.
        let more = state.source.size_hint().0.min(wanted - 1);
        for _ in 0..more {
            match state.poll_pull(worker_loop, wakers, journal_key, cx) {
                Poll::Ready(Some(item)) => items.push(item),
                // The hint was wrong: this worker loop has work and waits for nothing, so others
                // must.
                Poll::Ready(None) => {
                    wakers.wake_all();
                    break;
                }
                Poll::Pending => {
                    state.wake_next(worker_loop, wakers);
                    break;
                }
            }
        }
        Poll::Ready(Some(first))
    }

    /// Steals an item from the batch of another worker loop.
    fn steal(&self, thief: usize) -> Option<QueuedItem<S::Item>> {
        let worker_loops = self.batches.len();
        (1..worker_loops)
            .filter_map(|step| self.batches[(thief + step) % worker_loops].get())
            .find_map(|batch| {
                let mut tries = iter::repeat_with(|| batch.steal());
                tries.find(|stolen| !stolen.is_retry())?.success()
            })
    }
}

impl<S: Source> QueueState<S> {
    #[inline]
    fn poll_pull(
        &mut self,
        worker_loop: usize,
        wakers: &LoopWakers,
        journal_key: &impl Fn(&S::Item) -> Option<JournalKey>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<QueuedItem<S::Item>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        // Stays so if the source panics: it is not asked again.
        self.ended = true;
        let polled = self.source.poll_next(cx);
        match polled {
            Poll::Ready(Some(item)) => {
                self.ended = false;
                let index = self.next;
                self.next += 1;
                self.wake_next(worker_loop, wakers);
                let key = journal_key(&item);
                Poll::Ready(Some(QueuedItem { index, item, key }))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                self.ended = false;
                if !self.waiting.contains(&worker_loop) {
                    self.waiting.push(worker_loop);
                }
                Poll::Pending
            }
        }
    }

    /// Wakes the next waiting loop. The source knows one waker, which may be that of `worker_loop`,
    /// and that loop waits no more.
    #[inline]
    fn wake_next(&mut self, worker_loop: usize, wakers: &LoopWakers) {
        if self.waiting.is_empty() {
            return;
        }
        self.waiting.retain(|&waiting| waiting != worker_loop);
        if let Some(next) = self.waiting.pop() {
            wakers.wake(next);
        }
    }
}
