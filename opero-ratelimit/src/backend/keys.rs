//! One limiter's state for each key, for as long as it says anything.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Mutex;

use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use opero_core::Key;
use opero_core::key::BuildIdentity;
use opero_core::sync::lock;

const SHARDS: usize = 16;
/// Two looks at old keys for each call, which can add one: so the forgetting is faster than the growth.
const LOOKS_PER_CALL: usize = 2;

/// The arrival times that governor keeps, by key, without the idle ones.
///
/// A key that has grown all its permits back is idle: forgetting it changes no decision. Each call looks at the two
/// keys that were looked at longest ago, so memory follows the keys in use, and no call pays for a sweep of them all.
pub(super) struct KeyStates {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    arrivals: HashMap<Key, Nanos, BuildIdentity>,
    /// Every key of `arrivals` once, with the arrival time it had when it was last looked at. That only grows, so an
    /// entry that is not idle by the time noted here is not idle at all.
    watched: VecDeque<(Key, Nanos)>,
    /// Which shard's old keys the next call to this one looks at.
    turn: usize,
}

impl KeyStates {
    pub(super) fn new() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    fn shard(&self, key: Key) -> &Mutex<Shard> {
        // The map takes its buckets from the low half of the key, so the shard comes from the other half.
        &self.shards[(key.as_u128() >> 64) as usize % SHARDS]
    }
}

impl StateStore for KeyStates {
    type Key = Key;

    fn measure_and_replace<T, F, E>(&self, key: &Key, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut shard = lock(self.shard(*key));
        let decision = decide(shard.arrivals.get(key).copied());
        if let Ok((_, arrival)) = decision {
            shard.note(*key, arrival);
        }
        let turn = shard.next_turn();
        drop(shard);
        // Each shard in turn, since those without keys in use would never come to it themselves.
        if let Ok(mut other) = self.shards[turn].try_lock() {
            other.forget_idle(&decide);
        }
        decision.map(|(value, _)| value)
    }
}

impl ShrinkableKeyedStateStore<Key> for KeyStates {
    fn retain_recent(&self, drop_below: Nanos) {
        for shard in &self.shards {
            let Shard {
                arrivals, watched, ..
            } = &mut *lock(shard);
            arrivals.retain(|_, arrival| *arrival > drop_below);
            watched.retain(|(key, _)| arrivals.contains_key(key));
        }
    }

    fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| lock(shard).arrivals.len())
            .sum()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Shard {
    fn note(&mut self, key: Key, arrival: Nanos) {
        if self.arrivals.insert(key, arrival).is_none() {
            self.watched.push_back((key, arrival));
        }
    }

    fn next_turn(&mut self) -> usize {
        self.turn = (self.turn + 1) % SHARDS;
        self.turn
    }

    fn forget_idle<T, E>(&mut self, decide: &impl Fn(Option<Nanos>) -> Result<(T, Nanos), E>) {
        for _ in 0..LOOKS_PER_CALL {
            match self.watched.front() {
                Some((_, noted)) if idle(*noted, decide) => {}
                _ => return,
            }
            let Some((key, _)) = self.watched.pop_front() else {
                return;
            };
            match self.arrivals.get(&key) {
                Some(arrival) if !idle(*arrival, decide) => {
                    self.watched.push_back((key, *arrival));
                }
                _ => {
                    self.arrivals.remove(&key);
                }
            }
        }
        self.give_back();
    }

    /// Gives memory back once seven eighths of it stand empty, so that its cost is spread over as many calls.
    fn give_back(&mut self) {
        let len = self.arrivals.len();
        if self.arrivals.capacity() > 64 && len < self.arrivals.capacity() / 8 {
            self.arrivals.shrink_to(2 * len);
            self.watched.shrink_to(2 * len);
        }
    }
}

/// Returns `true` if a request is decided just the same without this arrival time. The question is put to the decision
/// itself, which knows the present.
fn idle<T, E>(arrival: Nanos, decide: impl Fn(Option<Nanos>) -> Result<(T, Nanos), E>) -> bool {
    match (decide(Some(arrival)), decide(None)) {
        (Ok((_, with)), Ok((_, without))) => with == without,
        _ => false,
    }
}

impl fmt::Debug for KeyStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyStates")
            .field("keys", &self.len())
            .finish()
    }
}
