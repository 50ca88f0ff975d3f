use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Context;

use opero_core::{Key, Pulse};

use super::idle::MOST_FAILURES;
use super::{Completion, Flight, Flights, Leading, Phase, recursion};
use crate::sync::{Arc, lock};

/// The one caller that executes. Dropped before it is_completed, it hands over to a follower.
#[derive(Debug)]
pub(crate) struct Leader<'a> {
    flights: &'a Flights,
    key: Key,
    flight: Arc<Flight>,
    /// Its number among the flight's leaders.
    number: u32,
    /// It took over from one that nothing polls.
    from_idle: bool,
    is_completed: bool,
}

impl<'a> Leader<'a> {
    /// Called inside the leader's own poll.
    pub(super) fn new(
        flights: &'a Flights,
        key: Key,
        flight: Arc<Flight>,
        number: u32,
        from_idle: bool,
    ) -> Self {
        flight.pulse.begin();
        Self {
            flights,
            key,
            flight,
            number,
            from_idle,
            is_completed: false,
        }
    }

    /// It took over from a leader that nothing polls.
    pub(crate) fn is_from_idle(&self) -> bool {
        self.from_idle
    }

    /// All that a leader does runs under its pulse, from the poll on in which it became one.
    pub(crate) fn pulse(&self) -> LeaderPulse {
        LeaderPulse {
            flight: Arc::clone(&self.flight),
            number: self.number,
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
        self.flight.pulse.begin();
        recursion::lead(&self.flight)
    }

    /// The leader's poll ends, and it waits.
    pub(crate) fn pending(&self, task: &Context<'_>) {
        self.flight.pulse.pending(task);
    }

    /// Ends the flight: followers receive `completion`, and the next caller starts a new one.
    pub(crate) fn complete(mut self, completion: Completion) {
        self.is_completed = true;
        self.end(completion);
    }

    /// Completes the flight as [`complete`](Self::complete) does, and makes the completion only where a follower waits for it.
    pub(crate) fn complete_with(mut self, completion: impl FnOnce() -> Completion) {
        {
            let mut table = lock(&self.flights.table);
            // No call can follow without the table.
            if lock(&self.flight.state).followers == 0 {
                self.flights.remove(&mut table, &self.key, &self.flight);
                self.is_completed = true;
            }
        }
        if !self.is_completed {
            self.complete(completion());
        }
    }

    /// The execution failed with an error that cannot be copied.
    pub(crate) fn fail(self) {
        let failures = {
            let mut state = lock(&self.flight.state);
            if state.is_led_by(self.number) {
                state.failures += 1;
            }
            state.failures
        };
        if failures >= MOST_FAILURES {
            self.complete(Completion::Outage);
        }
        // Otherwise the drop hands over.
    }

    /// Returns `true` if the result of this flight is out of date, and not to be stored.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.flight.is_forgotten.load(Ordering::Acquire)
    }

    fn end(&self, completion: Completion) {
        let (waiters, _alarm) = {
            let mut table = lock(&self.flights.table);
            let mut state = lock(&self.flight.state);
            // A value is one, also of a leader that was passed over; its failure concerns its own caller only.
            if !state.is_led_by(self.number) && !matches!(completion, Completion::Value(_)) {
                return;
            }
            self.flights.remove(&mut table, &self.key, &self.flight);
            state.phase = Phase::Completed(completion);
            (std::mem::take(&mut state.waiters), state.alarm.take())
        };
        for (_, waker) in waiters {
            waker.wake();
        }
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        if self.is_completed {
            return;
        }
        let (waker, _own) = {
            let mut table = lock(&self.flights.table);
            let mut state = lock(&self.flight.state);
            if !state.is_led_by(self.number) {
                return;
            }
            state.phase = Phase::Vacant { is_idle: false };
            // Under the lock: later it would end the poll of the next leader.
            let own = self.flight.pulse.end();
            if state.followers == 0 {
                self.flights.remove(&mut table, &self.key, &self.flight);
            }
            (state.waiters.pop_front(), own)
        };
        if let Some((_, waker)) = waker {
            waker.wake();
        }
    }
}

/// A leader's pulse.
#[derive(Debug, Clone)]
pub(crate) struct LeaderPulse {
    flight: Arc<Flight>,
    /// The leader's.
    #[cfg_attr(
        not(feature = "bytes"),
        expect(dead_code, reason = "a lease asks for it")
    )]
    number: u32,
}

#[cfg(feature = "bytes")]
impl LeaderPulse {
    /// Returns `true` if the flight has not ended, and no other leader has taken this one's place.
    pub(super) fn is_leading(&self) -> bool {
        lock(&self.flight.state).is_led_by(self.number)
    }
}

impl std::ops::Deref for LeaderPulse {
    type Target = Pulse;

    fn deref(&self) -> &Pulse {
        &self.flight.pulse
    }
}
