//! Results as records: sealed on their way to a store, and checked on their way back.

use std::time::Duration;

use opero_core::{BackendError, ConfigError, Context, Event, Key, Outcome};

use crate::backend::{ByteStore, Spot};
use crate::envelope::{self, EnvelopeError};
use crate::freshness::{Age, Expiry, Found, Freshness, Level, Lookup};

/// Reads records for one call, into its outcome.
pub(crate) struct Reader<'r> {
    pub(crate) freshness: Freshness,
    pub(crate) level: Level,
    pub(crate) cx: &'r Context<'r>,
    pub(crate) outcome: &'r mut dyn Outcome,
    pub(crate) key: &'r Key,
}

impl Reader<'_> {
    /// Reads a record on the spot. A lookup that may wait reports what is wrong with it, or with the store.
    pub(crate) fn read(&mut self, store: &dyn ByteStore) -> Lookup {
        let key = self.key;
        let mut found = Lookup::NeedsAsync;
        let mut open = |record: &[u8]| {
            if let Ok(opened) = self.open(record) {
                found = opened;
            }
        };
        match store.read(key, &mut open) {
            Ok(Spot::Found) => found,
            Ok(Spot::Missing) => Lookup::Miss,
            Ok(Spot::NeedsAsync) | Err(_) => Lookup::NeedsAsync,
        }
    }

    /// Opens a record. One that cannot be read is a miss, and an event says so.
    pub(crate) fn open_or_reject(&mut self, store: &dyn ByteStore, record: &[u8]) -> Lookup {
        self.open(record).unwrap_or_else(|error| {
            reject(self.cx, store.scheme(), &error.to_string());
            Lookup::Miss
        })
    }

    /// Takes the value of a record that is fresh. It reports nothing, so that a poll may call it.
    pub(crate) fn take_fresh(&mut self, record: Option<&[u8]>) -> bool {
        let found = record.map(|record| self.open(record));
        matches!(found, Some(Ok(Lookup::Hit(found))) if found.age == Age::Fresh)
    }

    fn open(&mut self, record: &[u8]) -> Result<Lookup, EnvelopeError> {
        let Some(type_name) = self.outcome.codec_type() else {
            return Ok(Lookup::Miss);
        };
        let ty = (type_name, self.outcome.schema());
        let opened = envelope::open_as(ty, self.key, record)?;
        let now = self.cx.clock().unix();
        let (age, expiry) = match opened.expires() {
            // Stored while the TTL was longer, or by a clock that was ahead.
            expires if self.freshness.is_exceeded_by(expires, now) => return Ok(Lookup::Miss),
            None => (Age::Fresh, Expiry::Never),
            Some(expires) => match self.freshness.age(self.level, expires, now) {
                Some(age) => (age, Expiry::Unix(expires)),
                None => return Ok(Lookup::Miss),
            },
        };
        let decoded = self.outcome.decode(opened.value);
        decoded.map_err(EnvelopeError::Undecodable)?;
        Ok(Lookup::Hit(Found { age, expiry }))
    }
}

/// Seals the outcome's value, and returns it with the time that a store keeps it: for `ttl`, and for `stale` past that.
pub(crate) fn seal(
    scheme: &str,
    cx: &Context<'_>,
    outcome: &dyn Outcome,
    key: &Key,
    ttl: Option<Duration>,
    stale: Option<Duration>,
) -> Result<(Vec<u8>, Option<Duration>), BackendError> {
    let Some(type_name) = outcome.codec_type() else {
        return Err(BackendError::new(not_encodable(scheme).to_string()));
    };
    let expires = ttl.map(|ttl| cx.clock().unix().saturating_add(ttl));
    let ty = (type_name, outcome.schema());
    let record = envelope::seal_with(ty, key, expires, |out| outcome.encode(out))
        .map_err(|error| BackendError::new(format!("the result did not become bytes: {error}")))?;
    let keep = ttl.map(|ttl| ttl.saturating_add(stale.unwrap_or_default()));
    Ok((record, keep))
}

/// Reports that the cache at `backend` did not use a record, or did not make one.
pub(crate) fn reject(cx: &Context<'_>, backend: &str, reason: &str) {
    cx.emit(Event::CacheRejected { backend, reason });
}

/// The error of a call that a store of records cannot keep.
pub(crate) fn not_encodable(scheme: &str) -> ConfigError {
    ConfigError::new(
        "cache_backend",
        format!(
            "is `{scheme}`, which outlives the process, and the arguments or the result of this call are not known to be serde's \
             `Serialize` and `Deserialize`",
        ),
        "derive them, or use a backend such as `memory`; a closure is called by `call_stable` or \
         `get_or_run_stable`, an operation says it with `.stable(\"name\", &args)`",
    )
}
