//! The steps of a call through the cache: lookup, then compute on a miss, or serve and refresh.

#[cfg(feature = "bytes")]
use opero_core::Outcome;
use opero_core::mechanism::pass_through;
use opero_core::{
    Attempt, Context, Error, Keeping, Key, Mechanism, Next, Operation, Stage, background,
};

use crate::cache::Cache;
use crate::compute::First;
use crate::freshness::{Age, Found, Lookup};
use crate::lookup;

impl<T: Clone + Send + Sync + 'static, E: Send> Stage<T, E> for Cache {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        pass_through(self, cx, attempt, &next, Some(Keeping::CLONE)).await
    }
}

impl Mechanism for Cache {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        match self.keys.key_of_next(cx, next) {
            Ok(None) => next.attempt(cx, attempt).await,
            Ok(Some(key)) => match lookup::peek(&self.compute.store, cx, next.outcome(), &key) {
                Lookup::Hit(found) if found.age == Age::Fresh => self.compute.counters.hit(cx),
                // Boxed: a hit does not need this future, and should not carry room for it.
                found => Box::pin(self.pass_peeked(cx, attempt, next, key, found)).await,
            },
            Err(error) => next.outcome().reject(attempt, error.into()),
        }
    }
}

impl Cache {
    /// Returns a stage that executes without a lookup, and stores the result.
    pub const fn refreshing(&self) -> Refreshing<'_> {
        Refreshing(self)
    }

    /// Passes a call that [`hit`](Cache::hit) has looked up under the key `missed`, as [`pass`](Mechanism::pass) does. The
    /// caller boxes the future.
    pub async fn pass_missed<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        missed: Option<Key>,
        next: &mut N,
    ) {
        // Where only memory is looked up, the leader's own lookup is the next one.
        if let Some(key) = missed.filter(|_| self.is_plain()) {
            return self.join(cx, attempt, next, key, First::Lookup).await;
        }
        match self.keys.key_of_next(cx, next) {
            Ok(None) => next.attempt(cx, attempt).await,
            Ok(Some(key)) => match lookup::peek(&self.compute.store, cx, next.outcome(), &key) {
                Lookup::Hit(found) if found.age == Age::Fresh => self.compute.counters.hit(cx),
                found => self.pass_peeked(cx, attempt, next, key, found).await,
            },
            Err(error) => next.outcome().reject(attempt, error.into()),
        }
    }

    /// Passes a call that was looked up without waiting.
    async fn pass_peeked<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        found: Lookup,
    ) {
        if self.refreshes() && self.compute.refreshes.is_refresher(&key) {
            return Box::pin(self.refresh(cx, attempt, next, key)).await;
        }
        #[cfg(feature = "bytes")]
        let (found, first) = self.lookup_first(cx, next.outcome(), &key, found).await;
        #[cfg(not(feature = "bytes"))]
        let first = First::Lookup;
        match found {
            Lookup::Hit(found) if found.age == Age::Fresh => self.compute.counters.hit(cx),
            Lookup::Hit(found) => Box::pin(self.serve(cx, attempt, next, key, found)).await,
            Lookup::Miss | Lookup::NeedsAsync => self.join(cx, attempt, next, key, first).await,
        }
    }

    /// Looks up in a server before the flight is joined: a hit then costs no flight, and the leader of one may only be
    /// refreshing. While a call executes, new callers follow it, and do not all ask the server.
    #[cfg(feature = "bytes")]
    async fn lookup_first(
        &self,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
        found: Lookup,
    ) -> (Lookup, First) {
        let compute = &self.compute;
        let asks = self.refreshes() || (compute.is_shared && compute.flights.is_idle());
        if !asks || !matches!(found, Lookup::NeedsAsync) {
            return (found, First::Lookup);
        }
        let found = lookup::find(&compute.store, cx, outcome, key).await;
        let first = match found {
            _ if !compute.is_shared => First::Lookup,
            Lookup::NeedsAsync => First::Execute,
            _ => First::Claim,
        };
        (found, first)
    }

    async fn join<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        first: First,
    ) {
        if let Some(due) = self.compute.join(cx, attempt, next, key, first).await {
            Box::pin(self.serve(cx, attempt, next, key, due)).await;
        }
    }

    /// Serves what was found. The first caller that finds it due refreshes it: in the background where the call can be made
    /// again on its own, otherwise by waiting for the fresh value itself.
    async fn serve<N: Next>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &mut N,
        key: Key,
        found: Found,
    ) {
        let refreshes = &self.compute.refreshes;
        let ticket = match found.age {
            Age::Fresh => None,
            Age::RefreshDue | Age::Stale => refreshes.acquire(key, cx.coarse_now()),
        };
        self.compute.counters.served(cx, found.age);
        let Some(ticket) = ticket else {
            return;
        };
        if let Some(job) = next.arguments().in_background() {
            // Where too many wait already, the next caller tries.
            let _ = background::spawn(refreshes.in_background(job, ticket));
            return;
        }
        let found = next.outcome().entry(None);
        self.refresh(cx, attempt, next, key).await;
        drop(ticket);
        let outcome = next.outcome();
        if let Some(found) = found.filter(|_| !outcome.is_ok()) {
            outcome.take(&found);
        }
    }

    /// Executes even if the cache has a result, unless another call does already.
    async fn refresh<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N, key: Key) {
        let compute = &self.compute;
        let _running = compute.refreshes.start(*cx, key);
        // Between the lookup and the ticket an earlier refresh may have ended.
        if let Lookup::Hit(found) = lookup::find(&compute.store, cx, next.outcome(), &key).await
            && found.age == Age::Fresh
        {
            return compute.refreshes.on_success(&key);
        }
        compute.join(cx, attempt, next, key, First::Refresh).await;
    }
}

/// The stage of [`Cache::refreshing`].
#[derive(Debug, Clone, Copy)]
pub struct Refreshing<'a>(&'a Cache);

impl<T: Clone + Send + Sync + 'static, E: Send> Stage<T, E> for Refreshing<'_> {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        pass_through(self, cx, attempt, &next, Some(Keeping::CLONE)).await
    }
}

impl Mechanism for Refreshing<'_> {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        let key = match self.0.keys.key_of_next(cx, next) {
            Ok(key) => key,
            Err(error) => return next.outcome().reject(attempt, error.into()),
        };
        next.attempt(cx, attempt).await;
        if let Some(key) = key
            && next.outcome().is_worth_keeping()
        {
            self.0.compute.replace(cx, next.outcome(), &key).await;
        }
    }
}
