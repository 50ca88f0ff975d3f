//! Single-flight: of concurrent calls with one key, one executes and the others wait for its result.
//!
//! One `Flight` per key and time. Its leader executes. When the leader leaves without a result (cancelled, panicked, or
//! failed), a follower takes over. After a second failure in a row the rest stop waiting and run on their own: one
//! failure may be a blip, two are an outage, and queueing behind an outage would make the last caller wait for all.
//! A leader that nothing polls counts as one that failed (`idle.rs`).
//!
//! Locks are taken in the order table, flight. Wakers are called with no lock held.

mod follower;
mod idle;
#[cfg(test)]
#[cfg(shuttle)]
mod interleavings;
mod leader;
#[cfg(feature = "bytes")]
mod lease;
mod recursion;
#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;

use opero_core::clock::Alarm;
use opero_core::key::BuildIdentity;
use opero_core::{Key, Probe, Pulse, SharedError};

use crate::backend::Entry;
use crate::sync::{Arc, Mutex, lock};

pub(crate) use follower::Follower;
pub(crate) use leader::Leader;
#[cfg(feature = "bytes")]
pub(crate) use lease::LeaderLease;
pub use recursion::Leading;
#[cfg(feature = "bytes")]
pub(crate) use recursion::is_leading;

/// The flights of one cache.
#[derive(Default)]
pub(crate) struct Flights {
    table: Mutex<Table>,
    /// How many there are, readable without the lock.
    under_way: AtomicUsize,
}

type Table = HashMap<Key, Arc<Flight>, BuildIdentity>;

/// What a caller is to do.
#[derive(Debug)]
pub(crate) enum Role<'a> {
    /// Execute, and complete the flight.
    Lead(Leader<'a>),
    /// Wait.
    Follow(Follower<'a>),
    /// Execute without coordination: the leader waits for this very call, and waiting for it would never end.
    Alone,
}

/// How a flight ended, for a follower.
#[derive(Clone)]
pub(crate) enum Completion {
    /// With a value.
    Value(Entry),
    /// With an error that can be copied.
    Error(SharedError),
    /// With errors that cannot: every follower executes on its own.
    Outage,
    /// With leaders that nothing polls: likewise.
    Idle,
}

#[derive(Debug)]
struct Flight {
    state: Mutex<State>,
    /// What it brings is out of date.
    is_forgotten: AtomicBool,
    /// The leader's.
    pulse: Pulse,
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
    /// Leaders that there were. One that was passed over has an earlier number than the present one.
    leaders: u32,
    /// The next look at the leader, while a follower waits.
    alarm: Option<Alarm>,
    /// What the last look began.
    probe: Option<Probe>,
}

enum Phase {
    /// A leader executes.
    Led,
    /// The leader left, or was passed over; the next follower that is polled takes over.
    Vacant {
        is_idle: bool,
    },
    Completed(Completion),
}

impl Flights {
    /// Joins the flight of `key`, or starts it.
    pub(crate) fn join(&self, key: Key) -> Role<'_> {
        let mut table = lock(&self.table);
        if let Some(flight) = table.get(&key) {
            return match recursion::follow(flight) {
                Some(waits) => Role::Follow(Follower::join(self, key, Arc::clone(flight), waits)),
                None => Role::Alone,
            };
        }
        let flight = Arc::new(Flight::started());
        table.insert(key, Arc::clone(&flight));
        self.count(&table);
        Role::Lead(Leader::new(self, key, flight, 1, false))
    }

    /// Forgets the flight of `key`, whose result is out of date: its followers get the result, but it is not stored, and the
    /// next caller starts a new flight.
    pub(crate) fn forget(&self, key: &Key) {
        let mut table = lock(&self.table);
        if let Some(flight) = table.remove(key) {
            flight.is_forgotten.store(true, Ordering::Release);
        }
        self.count(&table);
    }

    /// Forgets every flight, as [`forget`](Self::forget) does.
    pub(crate) fn forget_all(&self) {
        let mut table = lock(&self.table);
        for (_, flight) in table.drain() {
            flight.is_forgotten.store(true, Ordering::Release);
        }
        self.count(&table);
    }

    /// Takes `flight` off the table, unless it was is_forgotten and another one has its place.
    fn remove(&self, table: &mut Table, key: &Key, flight: &Arc<Flight>) {
        if table
            .get(key)
            .is_some_and(|there| Arc::ptr_eq(there, flight))
        {
            table.remove(key);
        }
        self.count(table);
    }

    fn count(&self, table: &Table) {
        self.under_way.store(table.len(), Ordering::Relaxed);
    }

    /// Returns `true` if no call executes, as far as one look without the lock can tell.
    #[cfg(feature = "bytes")]
    pub(crate) fn is_idle(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0
    }

    /// Flights under way.
    pub(crate) fn len(&self) -> usize {
        lock(&self.table).len()
    }
}

impl std::fmt::Debug for Flights {
    /// How many, and no keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flights")
            .field("under_way", &self.len())
            .finish()
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
                leaders: 1,
                alarm: None,
                probe: None,
            }),
            is_forgotten: AtomicBool::new(false),
            pulse: Pulse::default(),
        }
    }
}

impl State {
    /// Returns `true` if this leader has neither ended the flight nor been passed over.
    fn is_led_by(&self, leader: u32) -> bool {
        self.leaders == leader && matches!(self.phase, Phase::Led)
    }

    fn place(&self, follower: u64) -> Option<usize> {
        self.waiters.iter().position(|(n, _)| *n == follower)
    }
}

impl std::fmt::Debug for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Led => "Led",
            Self::Vacant { .. } => "Vacant",
            Self::Completed(_) => "Completed",
        })
    }
}
