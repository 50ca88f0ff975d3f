//! After a miss: execute, or wait for who does.

use std::pin::pin;
use std::task;

use opero_core::{Attempt, Context, Entry, Event, Key, Next, Outcome};

#[cfg(feature = "bytes")]
use crate::flight::LeaderLease;
use crate::flight::{Follower, Landing, Leader, Leading, Role};
use crate::look::{Age, Look};
use crate::stage::Cache;
#[cfg(feature = "bytes")]
use crate::turn::{Refresh, Turn};

/// What a leader does first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    /// Look again, and let other processes come first.
    Look,
    /// Let other processes come first: it has looked already, and a claim looks again.
    #[cfg(feature = "bytes")]
    Claim,
    /// Execute: it has looked already, and nobody answered.
    #[cfg(feature = "bytes")]
    Lead,
    /// Execute, in spite of what the cache has.
    Execute,
}

/// What a call that was missed does: see [`Cache::join_missed`].
#[derive(Debug)]
pub enum Joined<'c> {
    /// It executes once by itself, and then [passes](Cache::pass_led).
    Lead(Lead<'c>),
    /// It [waits](Cache::follow) for one that executes.
    Follow(Follow<'c>),
}

/// How following ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// The outcome has the result.
    Done,
    /// The flight brought nothing for this call, which [executes](Cache::pass_alone) beside the others.
    Alone,
    /// The leader left: the call passes the cache again.
    Again,
}

/// A place among the calls that wait for one that executes.
#[derive(Debug)]
pub struct Follow<'c>(Follower<'c>);

/// The right, and the duty, to execute a call for all that wait for it. Dropped, it goes to a call that waits.
#[derive(Debug)]
pub struct Lead<'c>(Leader<'c>);

impl Lead<'_> {
    /// Marks that this thread executes the call, for as long as the mark lives: the same call within it does not wait for
    /// itself. An async execution is marked at each poll.
    #[inline(never)]
    pub fn mark(&self) -> Leading {
        self.0.mark()
    }

    /// Says that a poll of the execution ends, and that it waits for a wake-up of `task`: where none of its polls follows on
    /// one, the calls that wait pass it over.
    pub fn pending(&self, task: &task::Context<'_>) {
        self.0.pending(task);
    }
}

impl Cache {
    /// Joins the flight of a call that [`hit`](Self::hit) has looked for in vain.
    ///
    /// `None`, and the call has to [`pass`](opero_core::Mechanism::pass) the cache: its result has just come, waiting would
    /// never end, or the cache is more than one layer of objects without anything to refresh.
    pub fn join_missed(&self, cx: &Context<'_>, key: Key) -> Option<Joined<'_>> {
        if !self.is_plain() {
            return None;
        }
        match self.flights.join(key) {
            Role::Follow(follower) => Some(Joined::Follow(Follow(follower))),
            // Between the look and the lead an earlier flight may have landed.
            Role::Lead(leader) => self
                .is_missing(cx, &key)
                .then_some(Joined::Lead(Lead(leader))),
            Role::Alone => None,
        }
    }

    /// Waits for the result of the call that executes, and takes it as the outcome.
    pub async fn follow(
        &self,
        cx: &Context<'_>,
        follow: &mut Follow<'_>,
        outcome: &mut dyn Outcome,
    ) -> Followed {
        match (&mut follow.0).await {
            Ok(landing) if self.landed(cx, outcome, &landing) => Followed::Done,
            Ok(_) => Followed::Alone,
            // The lead goes on to whoever waits next, and this call joins once more.
            Err(leader) => {
                tell_lead(cx, &leader);
                Followed::Again
            }
        }
    }

    /// Passes a call that executes beside the flight that it has followed: that brought nothing for it.
    pub async fn pass_alone<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        key: Key,
        next: &mut N,
    ) {
        self.execute(cx, attempt, next, &key, None).await;
    }

    /// Passes a call whose first attempt has ended already, under a [`Lead`] of this cache.
    pub async fn pass_led<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        lead: Lead<'_>,
        next: &mut N,
    ) {
        let (key, pulse) = (lead.0.key(), lead.0.pulse());
        let led = pin!(self.lead_with(cx, attempt, next, &key, lead.0));
        pulse.watch(led).await;
    }

    /// Joins the flight of `key`, or leads it.
    pub(crate) async fn join<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        first: First,
    ) {
        let leader = match self.flights.join(key) {
            Role::Lead(leader) => leader,
            Role::Alone => {
                self.execute(cx, attempt, next, &key, None).await;
                return;
            }
            Role::Follow(follower) => match follower.await {
                Err(leader) => {
                    tell_lead(cx, &leader);
                    leader
                }
                Ok(landing) => {
                    if !self.landed(cx, next.outcome(), &landing) {
                        self.execute(cx, attempt, next, &key, None).await;
                    }
                    return;
                }
            },
        };
        let pulse = leader.pulse();
        let led = pin!(async {
            match first {
                First::Look => self.look_and_lead(cx, attempt, next, key, leader).await,
                #[cfg(feature = "bytes")]
                First::Claim => self.lead_in_turn(cx, attempt, next, key, leader).await,
                #[cfg(feature = "bytes")]
                First::Lead => self.lead_with(cx, attempt, next, &key, leader).await,
                First::Execute => self.lead_refresh(cx, attempt, next, key, leader).await,
            }
        });
        pulse.watch(led).await;
    }

    /// Looks once more before anything is executed: between the look and the lead an earlier flight may have landed.
    async fn look_and_lead<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        leader: Leader<'_>,
    ) {
        let looked = self.look(cx, next.outcome(), &key).await;
        #[cfg(feature = "bytes")]
        let answers = !matches!(looked, Look::Ask);
        if let Look::Hit(found) = looked {
            land_found(leader, next.outcome());
            if found.age == Age::Fresh {
                return self.tell_hit(cx);
            }
            return Box::pin(self.serve(cx, attempt, next, key, found)).await;
        }
        // A store that did not answer just now would only cost its timeout once more.
        #[cfg(feature = "bytes")]
        if answers && self.shares {
            return self.lead_in_turn(cx, attempt, next, key, leader).await;
        }
        self.lead_with(cx, attempt, next, &key, leader).await;
    }

    /// Executes when it is this process's turn, or gives what another one has brought.
    #[cfg(feature = "bytes")]
    async fn lead_in_turn<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        leader: Leader<'_>,
    ) {
        // Boxed: only a cache that is shared has turns.
        match Box::pin(self.turn(cx, next.outcome(), &key)).await {
            Turn::Done => {
                land_found(leader, next.outcome());
                self.tell_coalesced(cx);
            }
            Turn::Execute(lease) => {
                let lease = lease.map(|lease| LeaderLease::new(cx, &leader, lease));
                self.lead_with(cx, attempt, next, &key, leader).await;
                if let Some(lease) = lease {
                    lease.release().await;
                }
            }
        }
    }

    /// Executes in spite of what the cache has, unless another process does: then what is there serves on.
    async fn lead_refresh<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        leader: Leader<'_>,
    ) {
        // Only now: a lease before the flight, here or there, and two calls would wait for each other.
        #[cfg(feature = "bytes")]
        match Box::pin(self.may_refresh(cx, next.outcome(), &key)).await {
            Refresh::Execute(None) => {}
            Refresh::Execute(Some(lease)) => {
                let lease = LeaderLease::new(cx, &leader, lease);
                self.lead_with(cx, attempt, next, &key, leader).await;
                return lease.release().await;
            }
            Refresh::Taken => {
                if let Look::Hit(_) = self.look(cx, next.outcome(), &key).await {
                    return land_found(leader, next.outcome());
                }
                return self.lead_in_turn(cx, attempt, next, key, leader).await;
            }
        }
        self.lead_with(cx, attempt, next, &key, leader).await;
    }

    /// Executes for all who wait in this process.
    async fn lead_with<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: &Key,
        leader: Leader<'_>,
    ) {
        let entry = self.execute(cx, attempt, next, key, Some(&leader)).await;
        match (entry, next.outcome().share_error()) {
            (Some(entry), _) => leader.land(Landing::Value(entry)),
            (None, Some(shared)) => leader.land(Landing::Error(shared)),
            (None, None) => leader.fail(),
        }
    }

    /// Executes, and keeps the result if it is worth it. Returns the value for those who wait for it.
    async fn execute<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: &Key,
        leader: Option<&Leader<'_>>,
    ) -> Option<Entry> {
        self.counters.misses.add_one();
        cx.emit(Event::CacheMiss);
        match leader {
            // Boxed: what stands behind is on the stack as often as calls are nested.
            Some(leader) => leader.execute(Box::pin(next.attempt(cx, attempt))).await,
            None => Box::pin(next.attempt(cx, attempt)).await,
        }
        let outcome = next.outcome();
        if !outcome.is_ok() {
            return None;
        }
        let out_of_date = || leader.is_some_and(Leader::is_detached);
        let entry = match outcome.is_worth_keeping() && !out_of_date() {
            true => self.store(cx, outcome, key).await,
            // Not kept, but those who waited for it get it all the same.
            false => leader.and_then(|_| outcome.entry(None)),
        };
        // Invalidated while it was being stored. A newer value may go with it, which costs an execution and no more.
        if out_of_date() {
            self.forget(cx, key).await;
        }
        entry
    }

    /// Takes the leader's landing as the call's outcome. Returns `false` where it has to execute itself.
    fn landed(&self, cx: &Context<'_>, outcome: &mut dyn Outcome, landing: &Landing) -> bool {
        let taken = match landing {
            Landing::Value(entry) => outcome.take(entry),
            Landing::Error(shared) => outcome.unshare_error(shared),
            Landing::Outage => false,
            Landing::Idle => {
                cx.emit(Event::CacheLeaderIdle);
                false
            }
        };
        if taken {
            self.tell_coalesced(cx);
        }
        taken
    }

    fn tell_coalesced(&self, cx: &Context<'_>) {
        self.counters.coalesced.add_one();
        cx.emit(Event::CacheCoalesced);
    }
}

/// Tells of a lead that was taken over from a leader that nothing polls.
fn tell_lead(cx: &Context<'_>, leader: &Leader<'_>) {
    if leader.is_from_idle() {
        cx.emit(Event::CacheLeaderIdle);
    }
}

/// Ends the flight with the value that was found.
fn land_found(leader: Leader<'_>, outcome: &dyn Outcome) {
    leader.land_with(|| outcome.entry(None).map_or(Landing::Outage, Landing::Value));
}
