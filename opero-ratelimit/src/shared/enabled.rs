use opero_core::stable::{KeySpace, append_key};
use opero_core::{Arguments, Attempt, CodecError, ConfigError, Key};
use serde::Serialize;

use super::not_serialize;

/// Makes the keys of one namespace.
///
/// The function is no part of them: the backend keeps functions apart, except where they share a limit on purpose, and
/// then their keys must agree.
#[derive(Debug)]
pub(crate) struct SharedKeys(KeySpace);

impl SharedKeys {
    pub(crate) fn open(namespace: &str) -> Result<Self, ConfigError> {
        Ok(Self(KeySpace::new(&[namespace, "rate_key"])))
    }

    /// The key of the limiter that a call draws from; `None`: the one for calls without a key.
    pub(crate) fn of(
        &self,
        call: &dyn Arguments,
        attempt: Attempt,
    ) -> Result<Option<Key>, ConfigError> {
        // Asked for its bytes first: a key that is only for shared limiters need have no hash.
        match self.0.key_with(|out| call.stable_rate_key(attempt, out)) {
            Some(key) => key.map(Some).map_err(|error| rejected(&error)),
            None if call.rate_key(attempt).is_none() => Ok(None),
            None => Err(not_serialize()),
        }
    }

    pub(crate) fn of_value<V: Serialize + ?Sized>(&self, value: &V) -> Result<Key, ConfigError> {
        let key = self.0.key_with(|out| Some(append_key(value, out)));
        key.unwrap_or(Err(CodecError::new("there is none")))
            .map_err(|error| rejected(&error))
    }
}

#[cold]
fn rejected(error: &CodecError) -> ConfigError {
    ConfigError::new(
        "rate_key",
        format!("did not become bytes ({error}), and the limiter is shared with other processes"),
        "take a key whose `Serialize` does not fail",
    )
}
