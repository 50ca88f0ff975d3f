//! The calls that wait for a permit, in order of arrival.
//!
//! Only the head of a per-key queue asks the limiter; the others sleep until their turn. So a permit never goes to a call
//! that came later, and a thousand waiters cost one request at a time. A head that nothing polls keeps its position, and
//! the next one asks beside it (`idle.rs`).

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use opero_core::clock::Alarm;
use opero_core::key::BuildIdentity;
use opero_core::{Instant, Key, Probe};

use crate::Quota;
use crate::policy::Forecast;
use crate::sync::{AtomicUsize, Mutex, Ordering, lock};

mod idle;
use idle::HeadWatch;

/// The queues of one stage: one queue for each key with waiters, and one for calls without a key.
pub(crate) struct Queues {
    quota: Quota,
    /// The waiters of all table, readable without the lock: zero is the common case.
    waiting: AtomicUsize,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    /// Table without waiters are removed at once, so this grows with the waiters and not with the keys.
    by_key: HashMap<Option<Key>, KeyQueue, BuildIdentity>,
    next_ticket: u64,
}

struct KeyQueue {
    /// By ticket, so in the order of arrival.
    waiters: BTreeMap<u64, Waiter>,
    /// The sum of the waiters' costs.
    cost: u64,
    /// What the limiter told the head; nothing as long as a backend has not answered.
    forecast: Option<Forecast>,
    /// Looks after the head.
    watch: Arc<HeadWatch>,
    /// The next look, while others wait behind the head.
    alarm: Option<Alarm>,
    /// The head at the last look, and what that began.
    probe: Option<(u64, Probe)>,
}

struct Waiter {
    cost: u32,
    waker: Option<Waker>,
    /// Nothing polled it when it was head.
    is_idle: bool,
}

/// A request for permits that has to queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) key: Option<Key>,
    pub(crate) cost: u32,
    pub(crate) now: Instant,
    /// The longest wait worth queueing for.
    pub(crate) max_wait: Option<Duration>,
    /// What the limiter just answered to this request, if it was asked.
    pub(crate) told: Option<Duration>,
}

impl Queues {
    pub(crate) fn new(quota: Quota) -> Self {
        Self {
            quota,
            waiting: AtomicUsize::new(0),
            table: Arc::default(),
        }
    }

    /// Returns `true` if no call waits, for any key. One load.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The waiters of all table.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// Returns `true` if a call for this key would jump a queue.
    pub(crate) fn occupied(&self, key: Option<Key>) -> bool {
        !self.is_empty() && lock(&self.table).by_key.contains_key(&key)
    }

    /// Takes a position at the end of the key's queue.
    ///
    /// # Errors
    /// How long the wait would be at least, where that is longer than the request allows: then it took no position.
    pub(crate) fn join(&self, request: &Request) -> Result<Position<'_>, Duration> {
        let mut table = lock(&self.table);
        let queue = table.by_key.get(&request.key);
        let head = queue.is_none();
        let forecast = match queue {
            Some(queue) => queue.forecast,
            None => request
                .told
                .map(|wait| Forecast::put_off(&self.quota, request.now, request.cost, wait)),
        };
        if let (Some(limit), Some(forecast)) = (request.max_wait, forecast) {
            let ahead = queue.map_or(0, |queue| queue.cost);
            let permits = ahead.saturating_add(u64::from(request.cost));
            let needed = forecast.wait(&self.quota, request.now, permits);
            if needed > limit {
                return Err(needed);
            }
        }
        let ticket = table.next_ticket;
        table.next_ticket += 1;
        let waiter = Waiter {
            cost: request.cost,
            waker: None,
            is_idle: false,
        };
        let queue = table
            .by_key
            .entry(request.key)
            .or_insert_with(|| KeyQueue::new(HeadWatch::new(&self.table, request.key)));
        let watch = Arc::clone(&queue.watch);
        queue.forecast = forecast;
        queue.cost = queue.cost.saturating_add(u64::from(request.cost));
        queue.waiters.insert(ticket, waiter);
        self.waiting.fetch_add(1, Ordering::Release);
        Ok(Position {
            queues: self,
            key: request.key,
            ticket,
            cost: request.cost,
            head,
            forecast_known: forecast.is_some(),
            watch,
        })
    }
}

/// A position in a queue. Dropping it leaves the queue, from wherever in it, and passes the turn on.
pub(crate) struct Position<'q> {
    queues: &'q Queues,
    key: Option<Key>,
    ticket: u64,
    cost: u32,
    head: bool,
    forecast_known: bool,
    watch: Arc<HeadWatch>,
}

impl Position<'_> {
    /// The key of its queue.
    pub(crate) fn key(&self) -> Option<Key> {
        self.key
    }

    /// Returns `true` if no call was ahead when it was taken.
    pub(crate) fn head(&self) -> bool {
        self.head
    }

    /// Returns `true` if the wait was foreseeable when it was taken, and so found short enough.
    pub(crate) fn forecast_known(&self) -> bool {
        self.forecast_known
    }

    /// Polls what the head does, from the poll on in which it became that.
    pub(crate) async fn watched<F: Future>(&self, asking: Pin<&mut F>) -> F::Output {
        self.watch.pulse.watch(asking).await
    }

    /// How long its permits take, as far as known.
    pub(crate) fn needed(&self, now: Instant) -> Option<Duration> {
        let table = lock(&self.queues.table);
        let queue = table.by_key.get(&self.key)?;
        let ahead = queue.waiters.range(..=self.ticket);
        let permits = ahead.map(|(_, waiter)| u64::from(waiter.cost)).sum();
        Some(queue.forecast?.wait(&self.queues.quota, now, permits))
    }

    /// Waits until every call ahead has left or is not polled.
    pub(crate) async fn turn(&self) {
        poll_fn(|cx| self.poll_turn(cx)).await;
    }

    fn poll_turn(&self, cx: &Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let (turn, replaced) = self
            .with_queue(|queue| queue.await_turn(self.ticket, waker))
            .unwrap_or((Poll::Ready(()), None));
        // Dropped without the lock: it may be the last of its task, and drop other places with it.
        drop(replaced);
        turn
    }

    /// The limiter said that this position's permits take another `wait`.
    pub(crate) fn put_off(&self, now: Instant, wait: Duration) {
        let forecast = Forecast::put_off(&self.queues.quota, now, self.cost, wait);
        self.with_queue(|queue| {
            queue.forecast = Some(forecast);
            queue.is_polled(self.ticket);
        });
    }

    /// The limiter gave out this position's permits: it leaves, and those behind move up.
    pub(crate) fn admitted(self, now: Instant) {
        let quota = &self.queues.quota;
        self.with_queue(|queue| {
            queue.forecast = queue
                .forecast
                .map(|forecast| forecast.admitted(quota, now, self.cost));
        });
    }

    fn with_queue<R>(&self, f: impl FnOnce(&mut KeyQueue) -> R) -> Option<R> {
        lock(&self.queues.table).by_key.get_mut(&self.key).map(f)
    }
}

impl Drop for Position<'_> {
    fn drop(&mut self) {
        let mut table = lock(&self.queues.table);
        let Some(queue) = table.by_key.get_mut(&self.key) else {
            return;
        };
        let left = queue.leave(self.ticket);
        if queue.waiters.is_empty() {
            table.by_key.remove(&self.key);
        }
        self.queues.waiting.fetch_sub(1, Ordering::Release);
        // Wakers may run anything, so they are woken and dropped without the lock.
        drop(table);
        if let Some(waker) = left.next {
            waker.wake();
        }
        drop((left.own, left.asking));
    }
}

/// The wakers that a departure sets free.
struct Left {
    own: Option<Waker>,
    /// The one that it left while it was the head.
    asking: Option<Waker>,
    /// Who has to be told that the turn is theirs.
    next: Option<Waker>,
}

impl KeyQueue {
    fn new(watch: Arc<HeadWatch>) -> Self {
        Self {
            waiters: BTreeMap::new(),
            cost: 0,
            forecast: None,
            watch,
            alarm: None,
            probe: None,
        }
    }

    /// The first in line, but for those that nothing polls.
    fn head(&self) -> Option<u64> {
        let mut waiters = self.waiters.iter();
        let polled = waiters.find(|(_, waiter)| !waiter.is_idle);
        polled.map(|(ticket, _)| *ticket)
    }

    fn is_head(&self, ticket: u64) -> bool {
        self.head() == Some(ticket)
    }

    /// Notes whom to wake, unless the turn has come already; returns the waker that is of no more use.
    fn await_turn(&mut self, ticket: u64, waker: Waker) -> (Poll<()>, Option<Waker>) {
        self.is_polled(ticket);
        if self.is_head(ticket) {
            self.watch.pulse.begin();
            return (Poll::Ready(()), Some(waker));
        }
        self.arm();
        let replaced = self
            .waiters
            .get_mut(&ticket)
            .and_then(|waiter| waiter.waker.replace(waker));
        (Poll::Pending, replaced)
    }

    fn leave(&mut self, ticket: u64) -> Left {
        let was_head = self.is_head(ticket);
        let mut own = None;
        if let Some(waiter) = self.waiters.remove(&ticket) {
            self.cost = self.cost.saturating_sub(u64::from(waiter.cost));
            own = waiter.waker;
        }
        if !was_head {
            return Left {
                own,
                asking: None,
                next: None,
            };
        }
        Left {
            own,
            asking: self.watch.pulse.end(),
            next: self.head_waker(),
        }
    }

    fn head_waker(&mut self) -> Option<Waker> {
        let head = self.head()?;
        self.waiters.get_mut(&head)?.waker.take()
    }
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queues")
            .field("waiting", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod tests;
