use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use opero_core::sync::lock;

use super::pace::Pace;
use super::wakers::LaneWakers;
use crate::Source;

/// The one source, shared by the lanes: items are numbered as they are pulled.
pub(crate) struct Intake<S: Source> {
    gate: Mutex<Gate<S>>,
    /// What each lane took and has not started; empty where lanes take single items. A lane that finds the source at
    /// its end helps itself to the others', so nobody is held up behind a slow item.
    hands: Box<[Mutex<VecDeque<Numbered<S::Item>>>]>,
    stopped: AtomicBool,
}

struct Gate<S> {
    source: S,
    next: usize,
    ended: bool,
    /// Lanes that found the source not ready.
    waiting: Vec<usize>,
}

/// An item and its place in the input.
pub(crate) type Numbered<I> = (usize, I);

impl<S: Source> Intake<S> {
    pub(crate) fn new(source: S, hands: usize) -> Self {
        Self {
            gate: Mutex::new(Gate {
                source,
                next: 0,
                ended: false,
                waiting: Vec::new(),
            }),
            hands: (0..hands).map(|_| Mutex::default()).collect(),
            stopped: AtomicBool::new(false),
        }
    }

    /// Gives out no more items. Never waits for the source.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// The next item for `lane`; `None` when there is no more.
    #[inline]
    pub(crate) fn poll_take(
        &self,
        lane: usize,
        pace: &mut Pace,
        wakers: &LaneWakers,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Numbered<S::Item>>> {
        if self.stopped() {
            return Poll::Ready(None);
        }
        let Some(hand) = self.hands.get(lane) else {
            return lock(&self.gate).poll_pull(lane, wakers, cx);
        };
        if let Some(item) = lock(hand).pop_front() {
            return Poll::Ready(Some(item));
        }
        let wanted = pace.next();
        let mut gate = lock(&self.gate);
        let first = match gate.poll_pull(lane, wakers, cx) {
            Poll::Ready(Some(first)) => first,
            Poll::Ready(None) => {
                drop(gate);
                return Poll::Ready(self.steal(lane));
            }
            Poll::Pending => return Poll::Pending,
        };
        let mut hand = lock(hand);
        // Only what the source surely has: waiting for a second item must not hold up the first.
        for _ in 1..wanted.min(gate.source.size_hint().0 + 1) {
            match gate.poll_pull(lane, wakers, cx) {
                Poll::Ready(Some(item)) => hand.push_back(item),
                _ => break,
            }
        }
        Poll::Ready(Some(first))
    }

    fn steal(&self, thief: usize) -> Option<Numbered<S::Item>> {
        let lanes = self.hands.len();
        (1..lanes)
            .map(|step| (thief + step) % lanes)
            .find_map(|lane| lock(&self.hands[lane]).pop_back())
    }
}

impl<S: Source> Gate<S> {
    #[inline]
    fn poll_pull(
        &mut self,
        lane: usize,
        wakers: &LaneWakers,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Numbered<S::Item>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        // Stays so if the source panics: it is not asked again.
        self.ended = true;
        let polled = self.source.poll_next(cx);
        if !self.waiting.is_empty() {
            self.waiting.retain(|&waiting| waiting != lane);
        }
        match polled {
            Poll::Ready(Some(item)) => {
                self.ended = false;
                let index = self.next;
                self.next += 1;
                // The source knows one waker only, and it was used up: the next lane leaves its own.
                if let Some(next) = self.waiting.pop() {
                    wakers.wake(next);
                }
                Poll::Ready(Some((index, item)))
            }
            Poll::Ready(None) => {
                wakers.wake_all();
                Poll::Ready(None)
            }
            Poll::Pending => {
                self.ended = false;
                self.waiting.push(lane);
                Poll::Pending
            }
        }
    }
}
