//! Single-flight: of concurrent calls with one key, one executes and the others wait for its result.
//!
//! One `Flight` per key and time. Its leader executes. When the leader leaves without a result (cancelled, panicked, or
//! failed), a follower takes over. After a second failure in a row the rest stop waiting and run on their own: one
//! failure may be a blip, two are an outage, and queueing behind an outage would make the last caller wait for all.
//!
//! Locks are taken in the order table, flight. Wakers are called with no lock held.

mod follower;
#[cfg(test)]
#[cfg(shuttle)]
mod interleavings;
mod leader;
mod recursion;
#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::task::Waker;

use opero_core::key::BuildIdentity;
use opero_core::{Key, SharedError};

use crate::backend::Entry;
use crate::sync::{Arc, Mutex, lock};

pub(crate) use follower::Follower;
pub(crate) use leader::Leader;

/// The flights of one cache.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    table: Mutex<HashMap<Key, Arc<Flight>, BuildIdentity>>,
}

/// What a caller is to do.
#[derive(Debug)]
pub(crate) enum Role<'a> {
    /// Execute, and land the flight.
    Lead(Leader<'a>),
    /// Wait.
    Follow(Follower<'a>),
    /// Execute without coordination: the leader is this very call's caller, and waiting for it would never end.
    Alone,
}

/// How a flight ended, for a follower.
#[derive(Clone)]
pub(crate) enum Landing {
    /// With a value.
    Value(Entry),
    /// With an error that can be copied.
    Error(SharedError),
    /// With errors that cannot: everybody runs on their own.
    Outage,
}

#[derive(Debug)]
struct Flight {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Followers that wait, in arrival order, by the number they drew.
    waiters: VecDeque<(u64, Waker)>,
    next_follower: u64,
    /// Followers alive, waiting or about to be polled.
    followers: usize,
    /// Leaders that failed in a row.
    failures: u32,
}

enum Phase {
    /// Somebody executes.
    Led,
    /// The leader left; the next follower that is polled takes over.
    Vacant,
    Landed(Landing),
}

impl Flights {
    /// Joins the flight of `key`, or starts it.
    pub(crate) fn join(&self, key: Key) -> Role<'_> {
        let mut table = lock(&self.table);
        if let Some(flight) = table.get(&key) {
            if recursion::is_leading(flight) {
                return Role::Alone;
            }
            return Role::Follow(Follower::join(self, key, Arc::clone(flight)));
        }
        let flight = Arc::new(Flight::started());
        table.insert(key, Arc::clone(&flight));
        Role::Lead(Leader::new(self, key, flight))
    }

    /// Flights under way.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        lock(&self.table).len()
    }
}

impl Flight {
    fn started() -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Led,
                waiters: VecDeque::new(),
                next_follower: 0,
                followers: 0,
                failures: 0,
            }),
        }
    }
}

impl State {
    fn place(&self, follower: u64) -> Option<usize> {
        self.waiters.iter().position(|(n, _)| *n == follower)
    }
}

impl std::fmt::Debug for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Led => "Led",
            Self::Vacant => "Vacant",
            Self::Landed(_) => "Landed",
        })
    }
}
