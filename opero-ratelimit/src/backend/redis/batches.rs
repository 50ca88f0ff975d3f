//! The states of all keys, and who fetches the next batch.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use opero_core::Key;
use opero_core::clock::real_sleep;
use opero_core::key::BuildIdentity;
use opero_core::sync::lock;

use super::gcra::{Gcra, Order, Reply};
use super::key_state::{Decision, KeyState};

const SHARDS: usize = 16;
/// The keys of a shard. A key beyond them is served with single permits, so a flood of keys costs round trips, not memory.
const KEYS_PER_SHARD: usize = 1_024;
/// How long a shard that stayed full is not looked through again.
const FULL: u64 = 100_000_000;

/// How long a caller waits for a batch that another one fetches.
const FETCH_TIMEOUT: Duration = Duration::from_millis(50);

/// What this process has in hand of one redis limiter, for each key.
pub(super) struct Batches {
    gcra: Gcra,
    unkeyed: Mutex<Entry>,
    keyed: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    entries: HashMap<Key, Entry, BuildIdentity>,
    full_until: u64,
}

struct Entry {
    state: KeyState,
    /// One caller is fetching a batch.
    fetching: bool,
    /// Others wait for it: no more of them than it will have permits.
    followers: u32,
    wakers: Vec<Waker>,
    /// Grows with each end of a fetch.
    round: u64,
}

/// How a caller comes by its permits.
pub(super) enum Plan<'b> {
    Admitted,
    /// Not before that many nanoseconds have passed.
    Wait(u64),
    /// It asks for its own permits alone.
    Single,
    /// It fetches a batch, for others too.
    Fetch(Fetch<'b>),
    /// Another caller fetches a batch that will do for this caller as well.
    Follow(u64),
}

impl Batches {
    pub(super) fn new(gcra: Gcra) -> Self {
        Self {
            gcra,
            unkeyed: Mutex::new(Entry::new(&gcra)),
            keyed: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Uses permits in hand, if there are enough.
    pub(super) fn look(&self, key: Option<Key>, cost: u32, now: u64) -> Decision {
        self.with(key, now, |entry| entry.state.look(&self.gcra, cost, now))
    }

    /// Decides how a caller comes by `cost` permits.
    pub(super) fn plan(&self, key: Option<Key>, cost: u32, now: u64) -> Plan<'_> {
        self.with(key, now, |entry| {
            let order = match entry.state.look(&self.gcra, cost, now) {
                Decision::Admitted => return Plan::Admitted,
                Decision::Wait(wait) => return Plan::Wait(wait),
                Decision::Single => return Plan::Single,
                Decision::Fetch(order) => order,
            };
            if !entry.fetching {
                entry.fetching = true;
                let batches = self;
                return Plan::Fetch(Fetch {
                    batches,
                    key,
                    order,
                    now,
                    lost: true,
                });
            }
            // A caller too late for this batch does not wait for the next: single permits are asked for at once,
            // all at a time.
            entry.followers = entry.followers.saturating_add(cost);
            match entry.followers < order.size {
                true => Plan::Follow(entry.round),
                false => Plan::Single,
            }
        })
    }

    /// The server answered a request for a call's own permits, made at `sent`, at `received`.
    pub(super) fn single(
        &self,
        key: Option<Key>,
        cost: u32,
        reply: &Reply,
        sent: u64,
        received: u64,
    ) {
        self.with(key, received, |entry| {
            entry.state.single(cost, reply, sent, received);
        });
    }

    /// Waits for the end of the fetch in that round, but not long: the fetching future may not be polled any more.
    pub(super) async fn fetched(&self, key: Option<Key>, round: u64, now: u64) -> bool {
        let mut timeout = real_sleep(FETCH_TIMEOUT);
        poll_fn(
            |cx| match self.with(key, now, |entry| entry.poll_fetched(cx, round)) {
                Poll::Ready(()) => Poll::Ready(true),
                Poll::Pending => timeout.as_mut().poll(cx).map(|()| false),
            },
        )
        .await
    }

    /// How many keys it remembers.
    #[cfg(test)]
    #[cfg(not(shuttle))]
    pub(super) fn keys(&self) -> usize {
        self.keyed
            .iter()
            .map(|shard| lock(shard).entries.len())
            .sum()
    }

    fn with<R>(&self, key: Option<Key>, now: u64, f: impl FnOnce(&mut Entry) -> R) -> R {
        let Some(key) = key else {
            return f(&mut lock(&self.unkeyed));
        };
        // The map takes its buckets from the low half of the key, so the shard comes from the other half.
        let shard = &self.keyed[(key.as_u128() >> 64) as usize % SHARDS];
        let mut shard = lock(shard);
        match shard.room_for(key, &self.gcra, now) {
            true => f(shard
                .entries
                .entry(key)
                .or_insert_with(|| Entry::new(&self.gcra))),
            false => f(&mut Entry::new(&self.gcra)),
        }
    }
}

impl Shard {
    fn room_for(&mut self, key: Key, gcra: &Gcra, now: u64) -> bool {
        if self.entries.len() < KEYS_PER_SHARD || self.entries.contains_key(&key) {
            return true;
        }
        if now < self.full_until {
            return false;
        }
        self.entries
            .retain(|_, entry| entry.fetching || !entry.state.is_over(gcra, now));
        let room = self.entries.len() < KEYS_PER_SHARD;
        if !room {
            self.full_until = now.saturating_add(FULL);
        }
        room
    }
}

impl Entry {
    fn new(gcra: &Gcra) -> Self {
        Self {
            state: KeyState::new(gcra),
            fetching: false,
            followers: 0,
            wakers: Vec::new(),
            round: 0,
        }
    }

    fn poll_fetched(&mut self, cx: &Context<'_>, round: u64) -> Poll<()> {
        if !self.fetching || self.round != round {
            return Poll::Ready(());
        }
        if !self.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// A batch on its way. Dropped without an answer, its permits are lost, and others may fetch one.
pub(super) struct Fetch<'b> {
    batches: &'b Batches,
    key: Option<Key>,
    pub(super) order: Order,
    now: u64,
    lost: bool,
}

impl Fetch<'_> {
    /// The server's answer to a request made at `sent`, at `received`.
    pub(super) fn answered(mut self, reply: &Reply, sent: u64, received: u64) {
        self.lost = false;
        self.batches.with(self.key, received, |entry| {
            entry.state.batch(self.order, reply, sent, received);
        });
    }
}

impl Drop for Fetch<'_> {
    fn drop(&mut self) {
        let wakers = self.batches.with(self.key, self.now, |entry| {
            if self.lost {
                entry.state.lost(self.order.size);
            }
            entry.fetching = false;
            entry.followers = 0;
            entry.round += 1;
            std::mem::take(&mut entry.wakers)
        });
        // Without the lock: a waker may run anything.
        wakers.into_iter().for_each(Waker::wake);
    }
}
