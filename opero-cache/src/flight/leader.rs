use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering;

use opero_core::Key;

use super::{Flight, Flights, Landing, Leading, Phase, recursion};
use crate::sync::{Arc, lock};

/// The one caller that executes. Dropped before it landed, it hands over to a follower.
#[derive(Debug)]
pub(crate) struct Leader<'a> {
    flights: &'a Flights,
    key: Key,
    flight: Arc<Flight>,
    landed: bool,
}

impl<'a> Leader<'a> {
    pub(super) fn new(flights: &'a Flights, key: Key, flight: Arc<Flight>) -> Self {
        Self {
            flights,
            key,
            flight,
            landed: false,
        }
    }

    /// Runs `future` as the leader: a call with the same key from inside it is recognised as recursion.
    pub(crate) async fn execute<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let _leading = self.mark();
            future.as_mut().poll(cx)
        })
        .await
    }

    /// The call that it executes.
    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// Marks that this thread executes as the leader, for as long as the mark lives.
    pub(crate) fn mark(&self) -> Leading {
        recursion::lead(&self.flight)
    }

    /// Ends the flight: followers receive `landing`, and the next caller starts a new one.
    pub(crate) fn land(mut self, landing: Landing) {
        self.landed = true;
        self.end(landing);
    }

    /// Ends the flight as [`land`](Self::land) does, and makes what it lands with only where somebody waits for it.
    pub(crate) fn land_with(mut self, landing: impl FnOnce() -> Landing) {
        {
            let mut table = lock(&self.flights.table);
            // Nobody can follow without the table.
            if lock(&self.flight.state).followers == 0 {
                self.flights.remove(&mut table, &self.key, &self.flight);
                self.landed = true;
            }
        }
        if !self.landed {
            self.land(landing());
        }
    }

    /// The execution failed with an error that cannot be copied.
    pub(crate) fn fail(self) {
        let failures = {
            let mut state = lock(&self.flight.state);
            state.failures += 1;
            state.failures
        };
        if failures >= 2 {
            self.land(Landing::Outage);
        }
        // Otherwise the drop hands over.
    }

    /// Is what this flight brings out of date, and not to be kept?
    pub(crate) fn is_detached(&self) -> bool {
        self.flight.detached.load(Ordering::Acquire)
    }

    fn end(&self, landing: Landing) {
        self.flights
            .remove(&mut lock(&self.flights.table), &self.key, &self.flight);
        let waiters = {
            let mut state = lock(&self.flight.state);
            state.phase = Phase::Landed(landing);
            std::mem::take(&mut state.waiters)
        };
        for (_, waker) in waiters {
            waker.wake();
        }
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        if self.landed {
            return;
        }
        let waker = {
            let mut table = lock(&self.flights.table);
            let mut state = lock(&self.flight.state);
            state.phase = Phase::Vacant;
            if state.followers == 0 {
                self.flights.remove(&mut table, &self.key, &self.flight);
            }
            state.waiters.pop_front()
        };
        if let Some((_, waker)) = waker {
            waker.wake();
        }
    }
}
