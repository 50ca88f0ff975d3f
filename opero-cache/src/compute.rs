//! Executing a call on a miss: once for all concurrent callers, as their leader, or as a follower of the one that does.

use std::pin::pin;
use std::sync::Arc;

use opero_core::{Attempt, Context, Entry, Event, Key, Next, Outcome};

#[cfg(feature = "bytes")]
use crate::flight::LeaderLease;
use crate::flight::{Completion, Flights, Follower, Leader, Role};
use crate::freshness::{Age, Found, Lookup};
#[cfg(feature = "bytes")]
use crate::lease::{self, Acquired};
use crate::lookup;
use crate::refresh::Refreshes;
use crate::stats::Counters;
use crate::store::Store;

/// What a leader does first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    /// Looks up again, and then claims the lease.
    Lookup,
    /// Claims the lease: it has looked up already, and a claim looks up again.
    #[cfg(feature = "bytes")]
    Claim,
    /// Executes: it has looked up already, and the backend did not answer.
    #[cfg(feature = "bytes")]
    Execute,
    /// Executes even if the cache has a result.
    Refresh,
}

/// The executions of one cache: its flights, and the store that their results go to.
#[derive(Debug)]
pub(crate) struct Compute {
    pub(crate) store: Store,
    pub(crate) flights: Arc<Flights>,
    pub(crate) refreshes: Refreshes,
    /// Other processes claim leases in one of the backends.
    #[cfg(feature = "bytes")]
    pub(crate) is_shared: bool,
    /// Boxed: they are wide, and the cache of a decorated function is part of a static.
    pub(crate) counters: Box<Counters>,
}

impl Compute {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            #[cfg(feature = "bytes")]
            is_shared: store.tiers.shared().is_some(),
            store,
            flights: Arc::default(),
            refreshes: Refreshes::default(),
            counters: Box::default(),
        }
    }

    /// Joins the flight of `key` as a follower, or leads it. Returns a result that was found meanwhile and is due for a
    /// refresh: it is not counted as a hit yet.
    pub(crate) async fn join<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        first: First,
    ) -> Option<Found> {
        let leader = match self.flights.join(key) {
            Role::Lead(leader) => leader,
            Role::Alone => {
                self.execute(cx, attempt, next, &key, None).await;
                return None;
            }
            Role::Follow(follower) => match follower.await {
                Err(leader) => {
                    report_takeover(cx, &leader);
                    leader
                }
                Ok(completion) => {
                    if !self.take(cx, next.outcome(), &completion) {
                        self.execute(cx, attempt, next, &key, None).await;
                    }
                    return None;
                }
            },
        };
        let pulse = leader.pulse();
        let led = pin!(async {
            match first {
                First::Lookup => return self.lookup_and_lead(cx, attempt, next, key, leader).await,
                #[cfg(feature = "bytes")]
                First::Claim => self.lead_with_lease(cx, attempt, next, key, leader).await,
                #[cfg(feature = "bytes")]
                First::Execute => self.lead(cx, attempt, next, &key, leader).await,
                First::Refresh => self.lead_refresh(cx, attempt, next, key, leader).await,
            }
            None
        });
        pulse.watch(led).await
    }

    /// Waits for the flight's result, and takes it as the outcome.
    pub(crate) async fn follow(
        &self,
        cx: &Context<'_>,
        follower: &mut Follower<'_>,
        outcome: &mut dyn Outcome,
    ) -> Followed {
        match follower.await {
            Ok(completion) if self.take(cx, outcome, &completion) => Followed::Done,
            Ok(_) => Followed::Alone,
            // The lead goes on to the next follower, and this call joins once more.
            Err(leader) => {
                report_takeover(cx, &leader);
                Followed::Again
            }
        }
    }

    /// Looks up once more before it executes: an earlier flight may have completed between the lookup and the lead.
    async fn lookup_and_lead<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        leader: Leader<'_>,
    ) -> Option<Found> {
        let found = lookup::find(&self.store, cx, next.outcome(), &key).await;
        #[cfg(feature = "bytes")]
        let answers = !matches!(found, Lookup::NeedsAsync);
        if let Lookup::Hit(found) = found {
            complete_with_found(leader, next.outcome());
            if found.age == Age::Fresh {
                self.counters.hit(cx);
                return None;
            }
            return Some(found);
        }
        // A store that did not answer just now would only cost its timeout once more.
        #[cfg(feature = "bytes")]
        if answers && self.is_shared {
            self.lead_with_lease(cx, attempt, next, key, leader).await;
            return None;
        }
        self.lead(cx, attempt, next, &key, leader).await;
        None
    }

    /// Executes once this process has the lease, or takes what another one has stored.
    #[cfg(feature = "bytes")]
    async fn lead_with_lease<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        leader: Leader<'_>,
    ) {
        // Boxed: only a shared cache has leases.
        match Box::pin(lease::acquire(&self.store, cx, next.outcome(), &key)).await {
            Acquired::Found => {
                complete_with_found(leader, next.outcome());
                self.counters.coalesced(cx);
            }
            Acquired::Execute(lease) => {
                let lease = lease.map(|lease| LeaderLease::new(cx, &leader, lease));
                self.lead(cx, attempt, next, &key, leader).await;
                if let Some(lease) = lease {
                    lease.release().await;
                }
            }
        }
    }

    /// Executes even if the cache has a result, unless another process does: then that result serves on.
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
        match Box::pin(lease::try_acquire(&self.store, cx, next.outcome(), &key)).await {
            lease::Refresh::Execute(None) => {}
            lease::Refresh::Execute(Some(lease)) => {
                let lease = LeaderLease::new(cx, &leader, lease);
                self.lead(cx, attempt, next, &key, leader).await;
                return lease.release().await;
            }
            lease::Refresh::Held => {
                let found = lookup::find(&self.store, cx, next.outcome(), &key).await;
                if let Lookup::Hit(_) = found {
                    return complete_with_found(leader, next.outcome());
                }
                return self.lead_with_lease(cx, attempt, next, key, leader).await;
            }
        }
        self.lead(cx, attempt, next, &key, leader).await;
    }

    /// Executes for all that follow in this process.
    pub(crate) async fn lead<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: &Key,
        leader: Leader<'_>,
    ) {
        let entry = self.execute(cx, attempt, next, key, Some(&leader)).await;
        match (entry, next.outcome().share_error()) {
            (Some(entry), _) => leader.complete(Completion::Value(entry)),
            (None, Some(shared)) => leader.complete(Completion::Error(shared)),
            (None, None) => leader.fail(),
        }
    }

    /// Executes, and stores the result if it is worth it. Returns the value for those that follow.
    pub(crate) async fn execute<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: &Key,
        leader: Option<&Leader<'_>>,
    ) -> Option<Entry> {
        self.counters.miss(cx);
        match leader {
            // Boxed: what stands behind is on the stack as often as calls are nested.
            Some(leader) => leader.execute(Box::pin(next.attempt(cx, attempt))).await,
            None => Box::pin(next.attempt(cx, attempt)).await,
        }
        let outcome = next.outcome();
        if !outcome.is_ok() {
            return None;
        }
        let out_of_date = || leader.is_some_and(Leader::is_forgotten);
        let entry = match outcome.is_worth_keeping() && !out_of_date() {
            true => self.put(cx, outcome, key).await,
            // Not stored, but the followers get it all the same.
            false => leader.and_then(|_| outcome.entry(None)),
        };
        // Invalidated while it was being stored. A newer value may go with it, which costs an execution and no more.
        if out_of_date() {
            self.store.evict(cx, key).await;
        }
        entry
    }

    /// Stores a value that is newer than the result of any flight under way.
    pub(crate) async fn replace(&self, cx: &Context<'_>, outcome: &mut dyn Outcome, key: &Key) {
        self.flights.forget(key);
        self.put(cx, outcome, key).await;
    }

    /// Stores the outcome's value, and returns it as an entry.
    async fn put(&self, cx: &Context<'_>, outcome: &mut dyn Outcome, key: &Key) -> Option<Entry> {
        let (entry, is_stored) = self.store.put(cx, outcome, key).await?;
        if is_stored {
            self.counters.insert(cx);
            if self.store.freshness.refreshes() {
                self.refreshes.on_success(key);
            }
        }
        self.store.sweep(cx).await;
        Some(entry)
    }

    /// Takes the flight's result as the call's outcome. Returns `false` if the call has to execute itself.
    fn take(&self, cx: &Context<'_>, outcome: &mut dyn Outcome, completion: &Completion) -> bool {
        let taken = match completion {
            Completion::Value(entry) => outcome.take(entry),
            Completion::Error(shared) => outcome.unshare_error(shared),
            Completion::Outage => false,
            Completion::Idle => {
                cx.emit(Event::CacheLeaderIdle);
                false
            }
        };
        if taken {
            self.counters.coalesced(cx);
        }
        taken
    }
}

/// How following ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// The outcome has the result.
    Done,
    /// The flight has no result for this call, which [executes](crate::Cache::pass_alone) beside the others.
    Alone,
    /// The leader left: the call passes the cache again.
    Again,
}

/// Reports a lead that was taken over from a leader that is not polled.
fn report_takeover(cx: &Context<'_>, leader: &Leader<'_>) {
    if leader.is_from_idle() {
        cx.emit(Event::CacheLeaderIdle);
    }
}

/// Completes the flight with the value that was found.
fn complete_with_found(leader: Leader<'_>, outcome: &dyn Outcome) {
    leader.complete_with(|| {
        outcome
            .entry(None)
            .map_or(Completion::Outage, Completion::Value)
    });
}
