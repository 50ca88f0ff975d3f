//! Who waits for a permit, in the order they came.
//!
//! Only the foremost of a lane asks the limiter; the others sleep until their turn. So a permit never goes to somebody
//! who came later, and a thousand waiters cost one request at a time. A foremost that nothing polls keeps its place, and
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
use idle::LaneWatch;

/// The queues of one stage: one lane for each key that somebody waits for, and one for calls without a key.
pub(crate) struct Queues {
    quota: Quota,
    /// The waiters of all lanes, readable without the lock: zero is the common case.
    waiting: AtomicUsize,
    lanes: Arc<Mutex<Lanes>>,
}

#[derive(Default)]
struct Lanes {
    /// Lanes without waiters are removed at once, so this grows with the waiters and not with the keys.
    by_key: HashMap<Option<Key>, Lane, BuildIdentity>,
    next_ticket: u64,
}

struct Lane {
    /// By ticket, so in the order of arrival.
    waiters: BTreeMap<u64, Waiter>,
    /// The sum of the waiters' costs.
    cost: u64,
    /// What the limiter told the foremost; nothing as long as a backend has not answered.
    forecast: Option<Forecast>,
    /// Looks after the foremost.
    watch: Arc<LaneWatch>,
    /// The next look, while others wait behind the foremost.
    alarm: Option<Alarm>,
    /// The foremost at the last look, and what that began.
    probe: Option<(u64, Probe)>,
}

struct Waiter {
    cost: u32,
    waker: Option<Waker>,
    /// Nothing polled it when it was foremost.
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
            lanes: Arc::default(),
        }
    }

    /// Does nobody wait, for whatever key? One load.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The waiters of all lanes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// Would a call for this key jump a queue?
    pub(crate) fn occupied(&self, key: Option<Key>) -> bool {
        !self.is_empty() && lock(&self.lanes).by_key.contains_key(&key)
    }

    /// Takes a place at the end of the key's lane.
    ///
    /// # Errors
    /// How long the wait would be at least, where that is longer than the request allows: then it took no place.
    pub(crate) fn join(&self, request: &Request) -> Result<Place<'_>, Duration> {
        let mut lanes = lock(&self.lanes);
        let lane = lanes.by_key.get(&request.key);
        let foremost = lane.is_none();
        let forecast = match lane {
            Some(lane) => lane.forecast,
            None => request
                .told
                .map(|wait| Forecast::put_off(&self.quota, request.now, request.cost, wait)),
        };
        if let (Some(limit), Some(forecast)) = (request.max_wait, forecast) {
            let ahead = lane.map_or(0, |lane| lane.cost);
            let permits = ahead.saturating_add(u64::from(request.cost));
            let needed = forecast.wait(&self.quota, request.now, permits);
            if needed > limit {
                return Err(needed);
            }
        }
        let ticket = lanes.next_ticket;
        lanes.next_ticket += 1;
        let waiter = Waiter {
            cost: request.cost,
            waker: None,
            is_idle: false,
        };
        let lane = lanes
            .by_key
            .entry(request.key)
            .or_insert_with(|| Lane::new(LaneWatch::new(&self.lanes, request.key)));
        let watch = Arc::clone(&lane.watch);
        lane.forecast = forecast;
        lane.cost = lane.cost.saturating_add(u64::from(request.cost));
        lane.waiters.insert(ticket, waiter);
        self.waiting.fetch_add(1, Ordering::Release);
        Ok(Place {
            queues: self,
            key: request.key,
            ticket,
            cost: request.cost,
            foremost,
            forecast_known: forecast.is_some(),
            watch,
        })
    }
}

/// A place in a lane. Dropping it leaves the lane, from wherever in it, and passes the turn on.
pub(crate) struct Place<'q> {
    queues: &'q Queues,
    key: Option<Key>,
    ticket: u64,
    cost: u32,
    foremost: bool,
    forecast_known: bool,
    watch: Arc<LaneWatch>,
}

impl Place<'_> {
    /// The key of its lane.
    pub(crate) fn key(&self) -> Option<Key> {
        self.key
    }

    /// Was nobody ahead when it was taken?
    pub(crate) fn foremost(&self) -> bool {
        self.foremost
    }

    /// Was the wait foreseeable when it was taken, and so found short enough?
    pub(crate) fn forecast_known(&self) -> bool {
        self.forecast_known
    }

    /// Polls what the foremost does, from the poll on in which it became that.
    pub(crate) async fn watched<F: Future>(&self, asking: Pin<&mut F>) -> F::Output {
        self.watch.pulse.watch(asking).await
    }

    /// How long its permits take, as far as known.
    pub(crate) fn needed(&self, now: Instant) -> Option<Duration> {
        let lanes = lock(&self.queues.lanes);
        let lane = lanes.by_key.get(&self.key)?;
        let ahead = lane.waiters.range(..=self.ticket);
        let permits = ahead.map(|(_, waiter)| u64::from(waiter.cost)).sum();
        Some(lane.forecast?.wait(&self.queues.quota, now, permits))
    }

    /// Waits until nobody is ahead, or nobody that anything polls.
    pub(crate) async fn turn(&self) {
        poll_fn(|cx| self.poll_turn(cx)).await;
    }

    fn poll_turn(&self, cx: &Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let (turn, replaced) = self
            .with_lane(|lane| lane.await_turn(self.ticket, waker))
            .unwrap_or((Poll::Ready(()), None));
        // Dropped without the lock: it may be the last of its task, and drop other places with it.
        drop(replaced);
        turn
    }

    /// The limiter said that this place's permits take another `wait`.
    pub(crate) fn put_off(&self, now: Instant, wait: Duration) {
        let forecast = Forecast::put_off(&self.queues.quota, now, self.cost, wait);
        self.with_lane(|lane| {
            lane.forecast = Some(forecast);
            lane.is_polled(self.ticket);
        });
    }

    /// The limiter gave out this place's permits: it leaves, and those behind move up.
    pub(crate) fn admitted(self, now: Instant) {
        let quota = &self.queues.quota;
        self.with_lane(|lane| {
            lane.forecast = lane
                .forecast
                .map(|forecast| forecast.admitted(quota, now, self.cost));
        });
    }

    fn with_lane<R>(&self, f: impl FnOnce(&mut Lane) -> R) -> Option<R> {
        lock(&self.queues.lanes).by_key.get_mut(&self.key).map(f)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lanes = lock(&self.queues.lanes);
        let Some(lane) = lanes.by_key.get_mut(&self.key) else {
            return;
        };
        let left = lane.leave(self.ticket);
        if lane.waiters.is_empty() {
            lanes.by_key.remove(&self.key);
        }
        self.queues.waiting.fetch_sub(1, Ordering::Release);
        // Wakers may run anything, so they are woken and dropped without the lock.
        drop(lanes);
        if let Some(waker) = left.next {
            waker.wake();
        }
        drop(left.own);
    }
}

/// The wakers that a departure sets free.
struct Left {
    own: Option<Waker>,
    /// Who has to be told that the turn is theirs.
    next: Option<Waker>,
}

impl Lane {
    fn new(watch: Arc<LaneWatch>) -> Self {
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
    fn foremost(&self) -> Option<u64> {
        let mut waiters = self.waiters.iter();
        let polled = waiters.find(|(_, waiter)| !waiter.is_idle);
        polled.map(|(ticket, _)| *ticket)
    }

    fn is_foremost(&self, ticket: u64) -> bool {
        self.foremost() == Some(ticket)
    }

    /// Notes whom to wake, unless the turn has come already; returns the waker that is of no more use.
    fn await_turn(&mut self, ticket: u64, waker: Waker) -> (Poll<()>, Option<Waker>) {
        self.is_polled(ticket);
        if self.is_foremost(ticket) {
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
        let was_foremost = self.is_foremost(ticket);
        let mut own = None;
        if let Some(waiter) = self.waiters.remove(&ticket) {
            self.cost = self.cost.saturating_sub(u64::from(waiter.cost));
            own = waiter.waker;
        }
        if !was_foremost {
            return Left { own, next: None };
        }
        drop(self.watch.pulse.end());
        Left {
            own,
            next: self.foremost_waker(),
        }
    }

    fn foremost_waker(&mut self) -> Option<Waker> {
        let foremost = self.foremost()?;
        self.waiters.get_mut(&foremost)?.waker.take()
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
