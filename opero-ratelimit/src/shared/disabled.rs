//! Without the feature `shared` there are no such keys, and no limiter that needs them is opened.

use opero_core::{Arguments, Attempt, ConfigError, Key};

/// There is none.
#[derive(Debug)]
pub(crate) enum SharedKeys {}

impl SharedKeys {
    pub(crate) fn open(_: &str) -> Result<Self, ConfigError> {
        Err(ConfigError::new(
            "rate_backend",
            "is shared with other processes, and keys that mean the same there are not compiled in",
            "enable the feature `shared` of opero-ratelimit",
        ))
    }

    pub(crate) fn of(&self, _: &dyn Arguments, _: Attempt) -> Result<Option<Key>, ConfigError> {
        match *self {}
    }
}
