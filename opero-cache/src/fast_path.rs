//! The fast path: a hit, or a first success, without the futures of the stage.

use std::pin::pin;
use std::task;

use opero_core::{Attempt, Context, Entry, Key, Next, Outcome};

use crate::cache::Cache;
use crate::compute::Followed;
use crate::flight::{Follower, Leader, Leading, Role};
use crate::lookup;

/// What a call that was missed does: see [`Cache::join_missed`].
#[derive(Debug)]
pub enum Joined<'c> {
    /// It executes once by itself, and then [passes](Cache::pass_led).
    Lead(Lead<'c>),
    /// It [waits](Cache::follow) for the one that executes.
    Follow(Follow<'c>),
}

/// A place among the calls that wait for the one that executes.
#[derive(Debug)]
pub struct Follow<'c>(Follower<'c>);

/// The right, and the duty, to execute a call for all its followers. Dropped, it goes to one of them.
#[derive(Debug)]
pub struct Lead<'c>(Leader<'c>);

impl Lead<'_> {
    /// Marks that this thread executes the call, for as long as the mark lives: the same call within it does not wait for
    /// itself. An async execution is marked at each poll.
    #[inline(never)]
    pub fn mark(&self) -> Leading {
        self.0.mark()
    }

    /// Records that a poll of the execution ends, and that it waits for a wake-up of `task`. If no poll follows on one, the
    /// followers pass it over.
    pub fn pending(&self, task: &task::Context<'_>) {
        self.0.pending(task);
    }
}

impl Cache {
    /// Returns the entry of the call with this [key](opero_core::Arguments::key), where it is in memory and fresh: the whole
    /// cost of a hit but for the copy of the value.
    ///
    /// A miss counts and reports nothing; the call that follows it does. Records are not found here.
    #[inline]
    pub fn hit(&self, cx: &Context<'_>, key: Key) -> Option<Entry> {
        if self.has_records() {
            return None;
        }
        let entry = lookup::fresh_entry(&self.compute.store, cx, &key)?;
        self.compute.counters.hit(cx);
        Some(entry)
    }

    /// Joins the flight of a call that [`hit`](Self::hit) has missed.
    ///
    /// `None`: the call has to [`pass`](opero_core::Mechanism::pass) the cache, because its result has just come, it would
    /// wait for itself, or the cache is more than one tier of objects without refreshes.
    pub fn join_missed(&self, cx: &Context<'_>, key: Key) -> Option<Joined<'_>> {
        if !self.is_plain() {
            return None;
        }
        match self.compute.flights.join(key) {
            Role::Follow(follower) => Some(Joined::Follow(Follow(follower))),
            // Between the lookup and the lead an earlier flight may have completed.
            Role::Lead(leader) => lookup::is_missing(&self.compute.store, cx, &key)
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
        self.compute.follow(cx, &mut follow.0, outcome).await
    }

    /// Passes a call that executes beside a flight that had no result for it.
    pub async fn pass_alone<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        key: Key,
        next: &mut N,
    ) {
        self.compute.execute(cx, attempt, next, &key, None).await;
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
        let led = pin!(self.compute.lead(cx, attempt, next, &key, lead.0));
        pulse.watch(led).await;
    }
}
