use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use opero_core::Key;

use super::idle::MOST_FAILURES;
use super::recursion::Waits;
use super::{Completion, Flight, Flights, Leader, Phase};
use crate::sync::{Arc, lock};

/// A caller that waits for the leader's result, or for its own turn to lead.
#[derive(Debug)]
pub(crate) struct Follower<'a> {
    flights: &'a Flights,
    key: Key,
    flight: Arc<Flight>,
    number: u64,
    /// Counted among the flight's followers still.
    counted: bool,
    /// Left a waker, which it may have to find again; most followers are polled twice and never do.
    registered: bool,
    /// For the search for circles; it ends with the follower.
    _waits: Waits,
}

impl<'a> Follower<'a> {
    /// Called with the table locked, so that the flight cannot end in between.
    pub(super) fn join(flights: &'a Flights, key: Key, flight: Arc<Flight>, waits: Waits) -> Self {
        let number = {
            let mut state = lock(&flight.state);
            state.followers += 1;
            state.next_follower += 1;
            state.next_follower
        };
        Self {
            flights,
            key,
            flight,
            number,
            counted: true,
            registered: false,
            _waits: waits,
        }
    }
}

impl<'a> Future for Follower<'a> {
    /// The result, or the lead.
    type Output = Result<Completion, Leader<'a>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut state = lock(&this.flight.state);
        let from_idle = match &state.phase {
            Phase::Led => {
                let place = if this.registered {
                    state.place(this.number)
                } else {
                    None
                };
                match place.and_then(|place| state.waiters.get_mut(place)) {
                    Some((_, waker)) => waker.clone_from(cx.waker()),
                    None => state.waiters.push_back((this.number, cx.waker().clone())),
                }
                if !this.registered {
                    this.registered = true;
                    state.arm(&this.flight);
                }
                return Poll::Pending;
            }
            Phase::Vacant { is_idle } => *is_idle,
            Phase::Completed(completion) => {
                let completion = completion.clone();
                state.followers -= 1;
                this.counted = false;
                return Poll::Ready(Ok(completion));
            }
        };
        if let Some(place) = state.place(this.number) {
            state.waiters.remove(place);
        }
        state.phase = Phase::Led;
        // It was of the leader before.
        state.probe = None;
        state.leaders += 1;
        state.followers -= 1;
        this.counted = false;
        let (number, failures) = (state.leaders, state.failures);
        drop(state);
        let flight = Arc::clone(&this.flight);
        let leader = Leader::new(this.flights, this.key, flight, number, from_idle);
        if from_idle && failures >= MOST_FAILURES {
            leader.complete(Completion::Idle);
            return Poll::Ready(Ok(Completion::Idle));
        }
        Poll::Ready(Err(leader))
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        if !self.counted {
            return;
        }
        // Its own waker is dropped behind the locks, too: that may run code of the runtime's.
        let _own;
        let waker = {
            let mut table = lock(&self.flights.table);
            let mut state = lock(&self.flight.state);
            _own = state
                .place(self.number)
                .and_then(|place| state.waiters.remove(place));
            state.followers -= 1;
            if !matches!(state.phase, Phase::Vacant { .. }) {
                return;
            }
            if state.followers == 0 {
                self.flights.remove(&mut table, &self.key, &self.flight);
            }
            // The wake-up may have been meant for this follower: it is passed on.
            state.waiters.pop_front()
        };
        if let Some((_, waker)) = waker {
            waker.wake();
        }
    }
}
