//! After a miss: execute, or wait for who does.

use opero_core::{Attempt, Context, Error, Event, Key, Operation};

use crate::backend::Entry;
use crate::flight::{Landing, Leader, Role};
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

impl Cache {
    /// Joins the flight of `key`, or leads it.
    pub(crate) async fn join<T, E, N>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
        key: Key,
        first: First,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        let leader = match self.flights.join(key) {
            Role::Lead(leader) => leader,
            Role::Alone => return self.execute_alone(cx, attempt, next, &key).await,
            Role::Follow(follower) => match follower.await {
                Err(leader) => leader,
                Ok(landing) => {
                    if let Some(result) = self.landed(cx, next, &landing) {
                        return result;
                    }
                    return self.execute_alone(cx, attempt, next, &key).await;
                }
            },
        };
        match first {
            First::Look => self.look_and_lead(cx, attempt, next, key, leader).await,
            #[cfg(feature = "bytes")]
            First::Claim => self.lead_in_turn(cx, attempt, next, key, leader).await,
            #[cfg(feature = "bytes")]
            First::Lead => self.lead(cx, attempt, next, key, leader).await,
            First::Execute => self.lead_refresh(cx, attempt, next, key, leader).await,
        }
    }

    /// Looks once more before anything is executed: between the look and the lead an earlier flight may have landed.
    async fn look_and_lead<T, E, N>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
        key: Key,
        leader: Leader<'_>,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        let looked = self.look(cx, next, &key).await;
        #[cfg(feature = "bytes")]
        let answers = !matches!(looked, Look::Ask);
        if let Look::Hit(found) = looked {
            leader.land_with(|| Landing::Value(Entry::new(found.value.clone(), None)));
            if found.age == Age::Fresh {
                self.tell_hit(cx);
                return Ok(found.value);
            }
            return Box::pin(self.serve(cx, attempt, next, key, found)).await;
        }
        // A store that did not answer just now would only cost its timeout once more.
        #[cfg(feature = "bytes")]
        if answers && self.shares {
            return self.lead_in_turn(cx, attempt, next, key, leader).await;
        }
        self.lead(cx, attempt, next, key, leader).await
    }

    /// Executes when it is this process's turn, or gives what another one has brought.
    #[cfg(feature = "bytes")]
    async fn lead_in_turn<T, E, N>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
        key: Key,
        leader: Leader<'_>,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        match self.turn(cx, next, &key).await {
            Turn::Done(value) => {
                leader.land_with(|| Landing::Value(Entry::new(value.clone(), None)));
                self.tell_followed(cx);
                Ok(value)
            }
            Turn::Execute(lease) => {
                let result = self.lead(cx, attempt, next, key, leader).await;
                if let Some(lease) = lease {
                    lease.release().await;
                }
                result
            }
        }
    }

    /// Executes in spite of what the cache has, unless another process does: then what is there serves on.
    async fn lead_refresh<T, E, N>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
        key: Key,
        leader: Leader<'_>,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        // Only now: a lease before the flight, here or there, and two calls would wait for each other.
        #[cfg(feature = "bytes")]
        match self.may_refresh(cx, next, &key).await {
            Refresh::Execute(None) => {}
            Refresh::Execute(Some(lease)) => {
                let result = self.lead(cx, attempt, next, key, leader).await;
                lease.release().await;
                return result;
            }
            Refresh::Taken => {
                if let Look::Hit(found) = self.look(cx, next, &key).await {
                    let value = found.value;
                    leader.land_with(|| Landing::Value(Entry::new(value.clone(), None)));
                    return Ok(value);
                }
                return self.lead_in_turn(cx, attempt, next, key, leader).await;
            }
        }
        self.lead(cx, attempt, next, key, leader).await
    }

    /// Executes for all who wait in this process.
    async fn lead<T, E, N>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
        key: Key,
        leader: Leader<'_>,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        match leader
            .execute(self.execute(cx, attempt, next, &key, Some(&leader)))
            .await
        {
            Ok((value, entry)) => {
                leader.land(Landing::Value(entry));
                Ok(value)
            }
            Err(error) => {
                match next.share_error(&error) {
                    Some(shared) => leader.land(Landing::Error(shared)),
                    None => leader.fail(),
                }
                Err(error)
            }
        }
    }

    async fn execute_alone<T, E, N>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
        key: &Key,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        let executed = self.execute(cx, attempt, next, key, None).await;
        executed.map(|(value, _)| value)
    }

    /// Executes, and keeps the result if it is worth it.
    async fn execute<T, E, N>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
        key: &Key,
        leader: Option<&Leader<'_>>,
    ) -> Result<(T, Entry), Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        self.counters.misses.add_one();
        cx.emit(Event::CacheMiss);
        let value = next.attempt(cx, attempt).await?;
        let out_of_date = || leader.is_some_and(Leader::is_detached);
        let entry = match next.cache_if(&value) && !out_of_date() {
            true => self.store(cx, next, key, &value).await,
            // Not kept, but those who waited for it get it all the same.
            false => Entry::new(value.clone(), None),
        };
        // Invalidated while it was being stored. A newer value may go with it, which costs an execution and no more.
        if out_of_date() {
            self.forget(cx, key).await;
        }
        Ok((value, entry))
    }

    /// What a follower makes of the leader's landing; `None`: it has to execute itself.
    fn landed<T, E, N>(
        &self,
        cx: &Context<'_>,
        next: &N,
        landing: &Landing,
    ) -> Option<Result<T, Error<E>>>
    where
        T: Clone + 'static,
        N: Operation<T, E>,
    {
        let result = match landing {
            Landing::Value(entry) => Ok(entry.value::<T>()?.clone()),
            Landing::Error(shared) => Err(next.unshare_error(shared)?),
            Landing::Outage => return None,
        };
        self.tell_followed(cx);
        Some(result)
    }

    fn tell_followed(&self, cx: &Context<'_>) {
        self.counters.followed.add_one();
        cx.emit(Event::CacheFollowed);
    }
}
