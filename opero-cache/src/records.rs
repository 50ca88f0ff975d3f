//! Results as records: sealed on their way to a store, and checked on their way back.

use std::time::Duration;

use opero_core::stable::KeySpace;
use opero_core::{BackendError, Codec, ConfigError, Context, Error, Event, Key, Operation};

use crate::backend::{ByteStore, Spot};
use crate::envelope::{self, Rejected};
use crate::keep::Kept;
use crate::layer::{Layer, limit};
use crate::look::{Age, Found, Look, Place, Until};
use crate::patience::within;
use crate::stage::Cache;

impl Cache {
    pub(crate) fn stable_key_of<T, E, N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        space: &KeySpace,
        next: &N,
    ) -> Result<Option<Key>, Error<E>> {
        match space.key_with(|out| next.stable_key(out)) {
            Some(Ok(key)) if next.codec().is_some() => Ok(Some(key)),
            Some(Ok(_)) => Err(Error::refused(self.not_bytes())),
            Some(Err(error)) => {
                let scheme = self.records_scheme();
                reject(
                    cx,
                    scheme,
                    &format!("an argument did not become bytes: {error}"),
                );
                Ok(None)
            }
            // Nobody sees the arguments of a bare closure, so it passes by every cache.
            None if next.key().is_none() => Ok(None),
            None => Err(Error::refused(self.not_bytes())),
        }
    }

    /// A record read on the spot. What is wrong with it, or with the store, is left to a look that may wait.
    #[inline]
    pub(crate) fn read<T, E, N: Operation<T, E>>(
        &self,
        store: &dyn ByteStore,
        place: Place,
        cx: &Context<'_>,
        next: &N,
        key: &Key,
    ) -> Look<T> {
        let Some(codec) = next.codec() else {
            return Look::Miss;
        };
        let mut looked = Look::Ask;
        let mut open = |record: &[u8]| {
            if let Ok(look) = self.try_open(place, cx, &codec, key, record) {
                looked = look;
            }
        };
        match store.read(key, &mut open) {
            Ok(Spot::Found) => looked,
            Ok(Spot::Missing) => Look::Miss,
            Ok(Spot::Ask) | Err(_) => Look::Ask,
        }
    }

    /// What a record is worth now; one that cannot be read is a miss that an event reports.
    pub(crate) fn opened<T, E, N: Operation<T, E>>(
        &self,
        store: &dyn ByteStore,
        place: Place,
        cx: &Context<'_>,
        next: &N,
        key: &Key,
        record: &[u8],
    ) -> Look<T> {
        match next
            .codec()
            .map(|codec| self.try_open(place, cx, &codec, key, record))
        {
            Some(Ok(look)) => look,
            Some(Err(rejected)) => {
                reject(cx, store.scheme(), &rejected.to_string());
                Look::Miss
            }
            None => Look::Miss,
        }
    }

    /// The value of a record that is fresh: for whoever looks again and again, and reports nothing.
    pub(crate) fn fresh<T, E, N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        next: &N,
        key: &Key,
        record: Option<&[u8]>,
    ) -> Option<T> {
        match self.try_open(Place::Last, cx, &next.codec()?, key, record?) {
            Ok(Look::Hit(found)) if found.age == Age::Fresh => Some(found.value),
            _ => None,
        }
    }

    fn try_open<T>(
        &self,
        place: Place,
        cx: &Context<'_>,
        codec: &Codec<T>,
        key: &Key,
        record: &[u8],
    ) -> Result<Look<T>, Rejected> {
        let sealed = envelope::open(codec, key, record)?;
        let now = cx.clock().unix();
        let (age, until) = match sealed.expires() {
            // Kept when the time to live was longer, or by a clock that was ahead.
            expires if self.outlives_ttl(expires, now) => return Ok(Look::Miss),
            None => (Age::Fresh, Until::Forever),
            Some(expires) => match self.age(place, expires, now) {
                Some(age) => (age, Until::Unix(expires)),
                None => return Ok(Look::Miss),
            },
        };
        Ok(Look::Hit(Found {
            value: sealed.value()?,
            age,
            until,
        }))
    }

    /// Would it be fresh for longer than anything that is kept now? The clocks of two machines may differ by a tenth of that, a
    /// minute at most.
    fn outlives_ttl(&self, expires: Option<Duration>, now: Duration) -> bool {
        let Some(ttl) = self.config.ttl else {
            return false;
        };
        let slack = (ttl / 10).min(Duration::from_secs(60));
        expires.is_none_or(|expires| expires.saturating_sub(now) > ttl.saturating_add(slack))
    }

    /// Puts a value into a store.
    pub(crate) async fn put_record<T, E, N: Operation<T, E>>(
        &self,
        store: &dyn ByteStore,
        cx: &Context<'_>,
        next: &N,
        key: &Key,
        kept: &Kept<'_, T>,
    ) -> Result<(), BackendError> {
        let Some(codec) = next.codec() else {
            return Err(BackendError::new(self.not_bytes().to_string()));
        };
        let ttl = kept.ttl;
        let expires = ttl.map(|ttl| cx.clock().unix().saturating_add(ttl));
        let record = envelope::seal(&codec, key, kept.value, expires).map_err(|error| {
            BackendError::new(format!("the result did not become bytes: {error}"))
        })?;
        // The nearer of two serves nothing stale.
        let stale = self.config.stale.filter(|_| kept.place == Place::Last);
        let keep = ttl.map(|ttl| ttl.saturating_add(stale.unwrap_or_default()));
        within(
            limit(store, self.config.patience),
            store.put(key, record, keep),
        )
        .await
    }

    pub(crate) fn records_scheme(&self) -> &str {
        let mut layers = self.layers();
        let records = layers.find(|layer| layer.keeps_records());
        records.unwrap_or(&self.near).scheme()
    }

    /// The store that other processes share, and claim in.
    pub(crate) fn shared(&self) -> Option<&dyn ByteStore> {
        self.layers().find_map(|layer| match layer {
            Layer::Records(store) if store.is_shared() => Some(&**store),
            _ => None,
        })
    }

    /// Reports that the store to claim in does not answer.
    pub(crate) fn report_shared(&self, cx: &Context<'_>, error: &BackendError) {
        let backend = self.shared().map_or("", |store| store.scheme());
        let reason = error.message();
        cx.emit(Event::CacheUnavailable { backend, reason });
    }

    /// The error of a call that a store of records cannot keep.
    fn not_bytes(&self) -> ConfigError {
        ConfigError::new(
            "cache_backend",
            format!(
                "is `{}`, which outlives the process, and the arguments or the result of this call are not known to be serde's \
                 `Serialize` and `Deserialize`",
                self.records_scheme()
            ),
            "derive them, or use a backend such as `memory`; a closure is called by `call_stable` or \
             `get_or_run_stable`, an operation says it with `.stable(\"name\", &args)`",
        )
    }
}

fn reject(cx: &Context<'_>, backend: &str, reason: &str) {
    cx.emit(Event::CacheRejected { backend, reason });
}
