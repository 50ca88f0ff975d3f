//! Keys for limiters that other processes draw from too.

#[cfg(feature = "shared")]
mod enabled;
#[cfg(feature = "shared")]
pub(crate) use enabled::SharedKeys;

#[cfg(not(feature = "shared"))]
mod disabled;
#[cfg(not(feature = "shared"))]
pub(crate) use disabled::SharedKeys;

use opero_core::ConfigError;

/// A key that only this process understands, where others have to.
#[cold]
pub(crate) fn not_serialize() -> ConfigError {
    ConfigError::new(
        "rate_key",
        "is not Serialize, and the limiter is shared with other processes, where a hash of it means something else",
        "derive `serde::Serialize` for its type, or take a key whose type has it",
    )
}
