//! Finding a result.

use std::time::Duration;

use opero_core::{Context, Error, Event, Instant, Key, Operation};

use crate::backend::{Entry, Peek};
use crate::layer::Layer;
use crate::patience::within;
use crate::stage::Cache;

/// What a look found.
pub(crate) enum Look<T> {
    Hit(Found<T>),
    Miss,
    /// Only a look that may wait can tell; of such a look: nobody can, since the backend does not answer.
    Ask,
}

/// A result that may be served.
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) age: Age,
    pub(crate) until: Until,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    Fresh,
    /// In the last part of its time to live: somebody should refresh it.
    Ageing,
    /// Past its time to live.
    Stale,
}

/// Which of the layers it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The nearer of two. What it has ends early, and says nothing of the age of its value.
    Near,
    /// The only one, or the farther.
    Last,
}

/// When a result ceases to be fresh, as the layer that had it counts time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Forever,
    Clock(Instant),
    #[cfg(feature = "bytes")]
    Unix(Duration),
}

impl Until {
    /// How long that still is.
    pub(crate) fn left(self, cx: &Context<'_>) -> Option<Duration> {
        match self {
            Self::Forever => None,
            Self::Clock(instant) => Some(instant.since(cx.coarse_now())),
            #[cfg(feature = "bytes")]
            Self::Unix(time) => Some(time.saturating_sub(cx.clock().unix())),
        }
    }
}

impl Cache {
    /// The key of a call, in the form that the layers need.
    ///
    /// # Errors
    /// Where a layer keeps records, and nobody can make bytes of this call.
    // Always: a key that passes through memory in halves stalls the load of the whole.
    #[inline(always)]
    pub(crate) fn key_of<T, E, N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        next: &N,
    ) -> Result<Option<Key>, Error<E>> {
        #[cfg(feature = "bytes")]
        if let Some(space) = &self.space {
            return self.stable_key_of(cx, space, next);
        }
        let _ = cx;
        Ok(next.key())
    }

    /// The result of a call, where it is in memory or on a disk: the whole cost of a hit, without a future.
    ///
    /// A miss counts and tells nothing; the call that follows it does.
    #[inline(always)]
    pub fn known<T, E, N>(&self, cx: &Context<'_>, operation: &N) -> Option<T>
    where
        T: Clone + 'static,
        N: Operation<T, E>,
    {
        // A server's answer takes a future, and the key would be made twice.
        if !self.local {
            return None;
        }
        let key = self.key_of(cx, operation).ok()??;
        match self.peek(cx, operation, &key) {
            Look::Hit(found) if found.age == Age::Fresh => {
                self.tell_hit(cx);
                Some(found.value)
            }
            _ => None,
        }
    }

    /// The whole of a hit in memory, or on a disk. It counts and tells nothing, failures neither.
    #[inline(always)]
    pub(crate) fn peek<T, E, N>(&self, cx: &Context<'_>, next: &N, key: &Key) -> Look<T>
    where
        T: Clone + 'static,
        N: Operation<T, E>,
    {
        match self.peek_in(&self.near, self.nearest(), cx, next, key) {
            Look::Miss if self.far.is_some() => Look::Ask,
            known => known,
        }
    }

    #[inline(always)]
    fn peek_in<T, E, N>(
        &self,
        layer: &Layer,
        place: Place,
        cx: &Context<'_>,
        next: &N,
        key: &Key,
    ) -> Look<T>
    where
        T: Clone + 'static,
        N: Operation<T, E>,
    {
        match layer {
            Layer::Objects(backend) => {
                let _ = next;
                match backend.peek(key) {
                    Peek::Hit(entry) => self.judged(place, cx, &entry),
                    Peek::Miss => Look::Miss,
                    Peek::Ask => Look::Ask,
                }
            }
            #[cfg(feature = "bytes")]
            Layer::Records(store) => self.read(&**store, place, cx, next, key),
        }
    }

    /// A lookup, whatever it takes, from the nearer layer to the farther. A failing backend is reported by an event.
    pub(crate) async fn look<T, E, N>(&self, cx: &Context<'_>, next: &N, key: &Key) -> Look<T>
    where
        T: Clone + Send + Sync + 'static,
        N: Operation<T, E>,
    {
        let near = self
            .look_in(&self.near, self.nearest(), cx, next, key)
            .await;
        let Some(far) = self.far.as_ref().filter(|_| !matches!(near, Look::Hit(_))) else {
            return near;
        };
        let found = self.look_in(far, Place::Last, cx, next, key).await;
        // What should be refreshed is looked at again, for whoever comes next to see it.
        if let Look::Hit(found) = &found
            && found.age == Age::Fresh
        {
            let left = found.until.left(cx);
            self.keep_near(cx, next, key, &found.value, left).await;
        }
        found
    }

    /// The place of the first layer.
    #[inline(always)]
    fn nearest(&self) -> Place {
        match self.far {
            None => Place::Last,
            Some(_) => Place::Near,
        }
    }

    async fn look_in<T, E, N>(
        &self,
        layer: &Layer,
        place: Place,
        cx: &Context<'_>,
        next: &N,
        key: &Key,
    ) -> Look<T>
    where
        T: Clone + Send + Sync + 'static,
        N: Operation<T, E>,
    {
        match self.peek_in(layer, place, cx, next, key) {
            Look::Ask => {}
            known => return known,
        }
        let limit = layer.limit(self.config.patience);
        let looked = match layer {
            Layer::Objects(backend) => within(limit, backend.get(key)).await.map(|entry| {
                let judged = |entry| self.judged(place, cx, &entry);
                entry.map_or(Look::Miss, judged)
            }),
            #[cfg(feature = "bytes")]
            Layer::Records(store) => within(limit, store.get(key)).await.map(|record| {
                let opened = |record: Vec<u8>| self.opened(&**store, place, cx, next, key, &record);
                record.map_or(Look::Miss, opened)
            }),
        };
        looked.unwrap_or_else(|error| {
            self.report(cx, layer, &error);
            Look::Ask
        })
    }

    /// What an entry is worth now.
    #[inline(always)]
    fn judged<T: Clone + 'static>(&self, place: Place, cx: &Context<'_>, entry: &Entry) -> Look<T> {
        let (age, until) = match entry.expires() {
            None => (Age::Fresh, Until::Forever),
            Some(expires) => {
                let now = cx.coarse_now();
                let age = match self.renews {
                    true => self.age(place, since_origin(expires), since_origin(now)),
                    false => (expires > now).then_some(Age::Fresh),
                };
                match age {
                    Some(age) => (age, Until::Clock(expires)),
                    None => return Look::Miss,
                }
            }
        };
        match entry.value::<T>() {
            Some(value) => Look::Hit(Found {
                value: value.clone(),
                age,
                until,
            }),
            None => Look::Miss,
        }
    }

    /// The age of a result that expires at `expires`, both counted from one origin; `None`: too old to serve.
    pub(crate) fn age(&self, place: Place, expires: Duration, now: Duration) -> Option<Age> {
        if place == Place::Near {
            return (now < expires).then_some(Age::Fresh);
        }
        if now < expires {
            return Some(match self.config.refresh {
                Some(last_part) if expires - now <= last_part => Age::Ageing,
                _ => Age::Fresh,
            });
        }
        let stale = self.config.stale?;
        (now - expires < stale).then_some(Age::Stale)
    }

    #[inline(always)]
    pub(crate) fn tell_hit(&self, cx: &Context<'_>) {
        self.counters.hits.add_one();
        cx.emit(Event::CacheHit);
    }

    pub(crate) fn tell_found(&self, cx: &Context<'_>, age: Age) {
        match age {
            Age::Fresh | Age::Ageing => self.tell_hit(cx),
            Age::Stale => self.tell_stale(cx),
        }
    }

    fn tell_stale(&self, cx: &Context<'_>) {
        self.counters.hits.add_one();
        self.counters.stale.add_one();
        cx.emit(Event::CacheStale);
    }
}

fn since_origin(instant: Instant) -> Duration {
    Duration::from_nanos(instant.as_nanos())
}
