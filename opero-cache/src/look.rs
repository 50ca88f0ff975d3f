//! Finding a result. What is found becomes the call's outcome.

use std::time::Duration;

use opero_core::{Arguments, ConfigError, Context, Entry, Event, Instant, Key, Next, Outcome};

use crate::backend::Peek;
use crate::layer::Layer;
use crate::patience::within;
use crate::stage::Cache;

/// What a look found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Look {
    /// The outcome has the value.
    Hit(Found),
    Miss,
    /// Only a look that may wait can tell; of such a look: nothing can, since the backend does not answer.
    Ask,
}

/// A result that may be served.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
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
    /// The key of a call, in the form that the layers need. `is_encodable`: its values become bytes.
    ///
    /// # Errors
    /// Where a layer keeps records, and nobody can make bytes of this call.
    pub(crate) fn key_of(
        &self,
        cx: &Context<'_>,
        arguments: &dyn Arguments,
        is_encodable: bool,
    ) -> Result<Option<Key>, ConfigError> {
        #[cfg(feature = "bytes")]
        if let Some(space) = &self.space {
            return self.stable_key_of(cx, space, arguments, is_encodable);
        }
        let _ = (cx, is_encodable);
        Ok(arguments.key())
    }

    /// The key of the call behind `next`.
    ///
    /// # Errors
    /// As [`key_of`](Self::key_of).
    pub(crate) fn key_of_next<N: Next>(
        &self,
        cx: &Context<'_>,
        next: &mut N,
    ) -> Result<Option<Key>, ConfigError> {
        let is_encodable = next.outcome().codec_type().is_some();
        self.key_of(cx, next.arguments(), is_encodable)
    }

    /// Returns `true` if a layer keeps records: a call is then found under its [stable key](Arguments::stable_key).
    #[inline]
    pub const fn has_records(&self) -> bool {
        #[cfg(feature = "bytes")]
        return self.space.is_some();
        #[cfg(not(feature = "bytes"))]
        false
    }

    /// The entry of the call with this [key](Arguments::key), where it is in memory and fresh: the whole cost of a hit but
    /// for the copy of the value.
    ///
    /// A miss counts and tells nothing; the call that follows it does. What is kept as bytes is not found here.
    #[inline]
    pub fn hit(&self, cx: &Context<'_>, key: Key) -> Option<Entry> {
        if self.has_records() {
            return None;
        }
        let entry = match &self.near {
            Layer::Objects(backend) => backend.peek(&key),
            #[cfg(feature = "bytes")]
            Layer::Records(_) => Peek::Ask,
        };
        let Peek::Hit(entry) = entry else {
            return None;
        };
        let found = self.judged(self.nearest(), cx, &entry)?;
        if found.age != Age::Fresh {
            return None;
        }
        self.tell_hit(cx);
        Some(entry)
    }

    /// Returns `true` if memory has no fresh entry. It counts and tells nothing.
    pub(crate) fn is_missing(&self, cx: &Context<'_>, key: &Key) -> bool {
        match &self.near {
            Layer::Objects(backend) => match backend.peek(key) {
                Peek::Hit(entry) => self.judged(self.nearest(), cx, &entry).is_none(),
                Peek::Miss => true,
                Peek::Ask => false,
            },
            #[cfg(feature = "bytes")]
            Layer::Records(_) => false,
        }
    }

    /// The whole of a hit in memory, or on a disk. It counts and tells nothing, failures neither.
    #[inline]
    pub(crate) fn peek(&self, cx: &Context<'_>, outcome: &mut dyn Outcome, key: &Key) -> Look {
        match self.peek_in(&self.near, self.nearest(), cx, outcome, key) {
            Look::Miss if self.far.is_some() => Look::Ask,
            known => known,
        }
    }

    #[inline]
    fn peek_in(
        &self,
        layer: &Layer,
        place: Place,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
    ) -> Look {
        match layer {
            Layer::Objects(backend) => match backend.peek(key) {
                Peek::Hit(entry) => self.taken(place, cx, outcome, &entry),
                Peek::Miss => Look::Miss,
                Peek::Ask => Look::Ask,
            },
            #[cfg(feature = "bytes")]
            Layer::Records(store) => self.read(&**store, place, cx, outcome, key),
        }
    }

    /// A lookup, whatever it takes, from the nearer layer to the farther. A failing backend is reported by an event.
    pub(crate) async fn look(
        &self,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
    ) -> Look {
        let near = self
            .look_in(&self.near, self.nearest(), cx, outcome, key)
            .await;
        let Some(far) = self.far.as_ref().filter(|_| !matches!(near, Look::Hit(_))) else {
            return near;
        };
        let found = self.look_in(far, Place::Last, cx, outcome, key).await;
        // What should be refreshed is looked at again, for whoever comes next to see it.
        if let Look::Hit(found) = &found
            && found.age == Age::Fresh
        {
            let left = found.until.left(cx);
            self.keep_near(cx, outcome, key, left).await;
        }
        found
    }

    /// The place of the first layer.
    #[inline]
    fn nearest(&self) -> Place {
        match self.far {
            None => Place::Last,
            Some(_) => Place::Near,
        }
    }

    async fn look_in(
        &self,
        layer: &Layer,
        place: Place,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
    ) -> Look {
        match self.peek_in(layer, place, cx, outcome, key) {
            Look::Ask => {}
            known => return known,
        }
        let limit = layer.limit(self.config.patience);
        let looked = match layer {
            Layer::Objects(backend) => within(limit, backend.get(key)).await.map(|entry| {
                entry.map_or(Look::Miss, |entry| self.taken(place, cx, outcome, &entry))
            }),
            #[cfg(feature = "bytes")]
            Layer::Records(store) => within(limit, store.get(key)).await.map(|record| {
                record.map_or(Look::Miss, |record| {
                    self.opened(&**store, place, cx, outcome, key, &record)
                })
            }),
        };
        looked.unwrap_or_else(|error| {
            self.report(cx, layer, &error);
            Look::Ask
        })
    }

    /// Takes the value of an entry that may be served.
    fn taken(
        &self,
        place: Place,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        entry: &Entry,
    ) -> Look {
        match self.judged(place, cx, entry) {
            Some(found) if outcome.take(entry) => Look::Hit(found),
            _ => Look::Miss,
        }
    }

    /// What an entry is worth now; `None`: nothing.
    #[inline]
    fn judged(&self, place: Place, cx: &Context<'_>, entry: &Entry) -> Option<Found> {
        let Some(expires) = entry.expires() else {
            let (age, until) = (Age::Fresh, Until::Forever);
            return Some(Found { age, until });
        };
        let now = cx.coarse_now();
        let age = match self.renews {
            true => self.age(place, since_origin(expires), since_origin(now)),
            false => (expires > now).then_some(Age::Fresh),
        }?;
        let until = Until::Clock(expires);
        Some(Found { age, until })
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

    #[inline]
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
