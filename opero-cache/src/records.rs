//! Results as records: sealed on their way to a store, and checked on their way back.

use std::time::Duration;

use opero_core::stable::KeySpace;
use opero_core::{Arguments, BackendError, ConfigError, Context, Event, Key, Outcome};

use crate::backend::{ByteStore, Spot};
use crate::envelope::{self, EnvelopeError};
use crate::keep::Kept;
use crate::layer::Layer;
use crate::look::{Age, Found, Look, Place, Until};
use crate::stage::Cache;

impl Cache {
    pub(crate) fn stable_key_of(
        &self,
        cx: &Context<'_>,
        space: &KeySpace,
        arguments: &dyn Arguments,
        is_encodable: bool,
    ) -> Result<Option<Key>, ConfigError> {
        match space.key_with(|out| arguments.stable_key(out)) {
            Some(Ok(key)) if is_encodable => Ok(Some(key)),
            Some(Ok(_)) => Err(self.not_bytes()),
            Some(Err(error)) => {
                let reason = format!("the call has no key: {error}");
                reject(cx, self.records_scheme(), &reason);
                Ok(None)
            }
            // Nobody sees the arguments of a bare closure, so it passes by every cache.
            None if arguments.key().is_none() => Ok(None),
            None => Err(self.not_bytes()),
        }
    }

    /// A record read on the spot. What is wrong with it, or with the store, is left to a look that may wait.
    pub(crate) fn read(
        &self,
        store: &dyn ByteStore,
        place: Place,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
    ) -> Look {
        let mut looked = Look::Ask;
        let mut open = |record: &[u8]| {
            if let Ok(look) = self.try_open(place, cx, outcome, key, record) {
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
    pub(crate) fn opened(
        &self,
        store: &dyn ByteStore,
        place: Place,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
        record: &[u8],
    ) -> Look {
        self.try_open(place, cx, outcome, key, record)
            .unwrap_or_else(|rejected| {
                reject(cx, store.scheme(), &rejected.to_string());
                Look::Miss
            })
    }

    /// Takes the value of a record that is fresh: for whoever looks again and again, and reports nothing.
    pub(crate) fn take_fresh(
        &self,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
        record: Option<&[u8]>,
    ) -> bool {
        let looked = record.map(|record| self.try_open(Place::Last, cx, outcome, key, record));
        matches!(looked, Some(Ok(Look::Hit(found))) if found.age == Age::Fresh)
    }

    fn try_open(
        &self,
        place: Place,
        cx: &Context<'_>,
        outcome: &mut dyn Outcome,
        key: &Key,
        record: &[u8],
    ) -> Result<Look, EnvelopeError> {
        let Some(type_name) = outcome.codec_type() else {
            return Ok(Look::Miss);
        };
        let opened = envelope::open_as((type_name, outcome.schema()), key, record)?;
        let now = cx.clock().unix();
        let (age, until) = match opened.expires() {
            // Kept when the time to live was longer, or by a clock that was ahead.
            expires if self.outlives_ttl(expires, now) => return Ok(Look::Miss),
            None => (Age::Fresh, Until::Forever),
            Some(expires) => match self.age(place, expires, now) {
                Some(age) => (age, Until::Unix(expires)),
                None => return Ok(Look::Miss),
            },
        };
        let decoded = outcome.decode(opened.value);
        decoded.map_err(EnvelopeError::Undecodable)?;
        Ok(Look::Hit(Found { age, until }))
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

    /// The record of the outcome's value, and how long a store keeps it.
    pub(crate) fn record_of(
        &self,
        cx: &Context<'_>,
        outcome: &dyn Outcome,
        key: &Key,
        kept: &Kept<'_>,
    ) -> Result<(Vec<u8>, Option<Duration>), BackendError> {
        let Some(type_name) = outcome.codec_type() else {
            return Err(BackendError::new(self.not_bytes().to_string()));
        };
        let ttl = kept.ttl;
        let expires = ttl.map(|ttl| cx.clock().unix().saturating_add(ttl));
        let ty = (type_name, outcome.schema());
        let record =
            envelope::seal_with(ty, key, expires, |out| outcome.encode(out)).map_err(|error| {
                BackendError::new(format!("the result did not become bytes: {error}"))
            })?;
        // The nearer of two serves nothing stale.
        let stale = self.config.stale.filter(|_| kept.place == Place::Last);
        let keep = ttl.map(|ttl| ttl.saturating_add(stale.unwrap_or_default()));
        Ok((record, keep))
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
