use std::iter;
use std::sync::{Mutex, OnceLock};
use std::task::{self, Context, Poll};

use crossbeam_deque::{Stealer, Worker};
use opero_core::sync::lock;

use super::halt::{Halt, Level};
use super::pace::Pace;
use super::wakers::LaneWakers;
use crate::resume::JournalKey;
use crate::source::Source;

/// The one source, shared by the lanes: items are numbered as they are pulled.
pub(crate) struct Intake<S: Source> {
    gate: Mutex<Gate<S>>,
    /// The batches of the worker loops, for the others; empty where these take single items.
    batches: Box<[SharedBatch<S::Item>]>,
}

struct Gate<S> {
    source: S,
    next: usize,
    ended: bool,
    /// Lanes that found the source not ready.
    waiting: Vec<usize>,
}

/// An item, its index in the input and, where the run has a journal, its key there.
pub(crate) struct Taken<I> {
    pub(crate) index: usize,
    pub(crate) item: I,
    pub(crate) key: Option<JournalKey>,
}

/// What the other worker loops see of a batch, once its own has begun.
type SharedBatch<I> = OnceLock<Stealer<Taken<I>>>;

/// The items that one worker loop took and has not started. A loop that finds the source at its end takes from the batches
/// of the others, so no item is held up behind a slow one.
pub(crate) struct Batch<I> {
    /// `None` where items are taken one at a time.
    items: Option<Worker<Taken<I>>>,
    pace: Pace,
}

impl<S: Source> Intake<S> {
    /// For so many worker loops that take batches; any others take single items.
    pub(crate) fn new(source: S, batches: usize) -> Self {
        Self {
            gate: Mutex::new(Gate {
                source,
                next: 0,
                ended: false,
                waiting: Vec::new(),
            }),
            batches: (0..batches).map(|_| OnceLock::new()).collect(),
        }
    }

    /// The batch of `lane`, which begins.
    pub(crate) fn batch(&self, lane: usize) -> Batch<S::Item> {
        let items = self.batches.get(lane).map(|shared| {
            let items = Worker::new_fifo();
            // A loop begins once.
            let _ = shared.set(items.stealer());
            items
        });
        Batch {
            items,
            pace: Pace::new(),
        }
    }

    /// Is there, beside so many items that were given out, no other one?
    pub(crate) fn gave_all(&self, items: usize) -> bool {
        let gate = lock(&self.gate);
        gate.next == items && (gate.ended || gate.source.size_hint().1 == Some(0))
    }

    /// The next item for `lane`; `None` when there is no more. Each is shown to `journal_key` in the order of the input, one at a
    /// time.
    #[inline]
    pub(crate) fn poll_take(
        &self,
        lane: usize,
        batch: &mut Batch<S::Item>,
        halt: &Halt,
        journal_key: &impl Fn(&S::Item) -> Option<JournalKey>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Taken<S::Item>>> {
        if halt.stopped() {
            return Poll::Ready(None);
        }
        let wakers = &halt.wakers;
        let Some(items) = &batch.items else {
            let polled = lock(&self.gate).poll_pull(lane, wakers, journal_key, cx);
            if let Poll::Ready(None) = polled {
                // Lanes that wait, for the source or for room, have nothing to wait for any more.
                halt.raise(Level::Stop);
            }
            return polled;
        };
        if let Some(item) = items.pop() {
            return Poll::Ready(Some(item));
        }
        let wanted = batch.pace.next();
        let mut gate = lock(&self.gate);
        let ended = gate.ended;
        let Some(first) = task::ready!(gate.poll_pull(lane, wakers, journal_key, cx)) else {
            drop(gate);
            if !ended {
                wakers.wake_all();
            }
            return Poll::Ready(self.steal(lane));
        };
        // Only what the source surely has: waiting for a second item must not hold up the first.
        let more = gate.source.size_hint().0.min(wanted - 1);
        for _ in 0..more {
            match gate.poll_pull(lane, wakers, journal_key, cx) {
                Poll::Ready(Some(item)) => items.push(item),
                // The hint was wrong: this lane has work and waits for nothing, so others must.
                Poll::Ready(None) => {
                    wakers.wake_all();
                    break;
                }
                Poll::Pending => {
                    gate.pass_on(lane, wakers);
                    break;
                }
            }
        }
        Poll::Ready(Some(first))
    }

    /// An item out of the batch of another worker loop.
    fn steal(&self, thief: usize) -> Option<Taken<S::Item>> {
        let lanes = self.batches.len();
        (1..lanes)
            .filter_map(|step| self.batches[(thief + step) % lanes].get())
            .find_map(|batch| {
                let mut tries = iter::repeat_with(|| batch.steal());
                tries.find(|stolen| !stolen.is_retry())?.success()
            })
    }
}

impl<S: Source> Gate<S> {
    #[inline]
    fn poll_pull(
        &mut self,
        lane: usize,
        wakers: &LaneWakers,
        journal_key: &impl Fn(&S::Item) -> Option<JournalKey>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Taken<S::Item>>> {
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
                self.pass_on(lane, wakers);
                let key = journal_key(&item);
                Poll::Ready(Some(Taken { index, item, key }))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                self.ended = false;
                if !self.waiting.contains(&lane) {
                    self.waiting.push(lane);
                }
                Poll::Pending
            }
        }
    }

    /// The source knows one waker only, and `lane`, whose it may be, does not wait any more: the next lane leaves its own.
    #[inline]
    fn pass_on(&mut self, lane: usize, wakers: &LaneWakers) {
        if self.waiting.is_empty() {
            return;
        }
        self.waiting.retain(|&waiting| waiting != lane);
        if let Some(next) = self.waiting.pop() {
            wakers.wake(next);
        }
    }
}
