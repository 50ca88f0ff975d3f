//! Why a function's calls do not become bytes, and what its user can do.

use opero_core::CodecError;
use opero_core::ConfigError;

/// Why a function cannot be executed in another process, or its results not be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// A worker finds functions by their names: it has neither methods nor instances of generic functions.
    Free,
    /// Its attribute does not ask for it.
    Asked,
    /// An argument has no bytes.
    Argument,
    /// The value has none.
    Value,
    /// The error has none.
    Error,
}

impl Lack {
    /// For a run that is to execute the function in worker processes.
    #[cfg(feature = "map-process")]
    pub(super) fn mode_error(self) -> ConfigError {
        let (problem, way_out) = match self {
            Self::Free => (
                "which find it by its name, and this one is a method or generic",
                "move the body into a free function that takes what it needs",
            ),
            Self::Asked => (
                "and its attribute does not name them",
                "write `mode = \"process\"` in the attribute; a run may still choose another one, as in `.mode(\"thread\")`",
            ),
            Self::Argument => (
                "and not every argument can be made from bytes there",
                "take arguments that are `Serialize` and `Deserialize`, owned or by reference",
            ),
            Self::Value => (
                "and its result cannot come back as bytes",
                "derive `serde::Serialize` and `serde::Deserialize` for it, and let it borrow nothing",
            ),
            Self::Error => (
                "and its error cannot come back as bytes",
                "derive `serde::Serialize` and `serde::Deserialize` for it, or return a `String`",
            ),
        };
        let problem = format!("runs the function in worker processes, {problem}");
        ConfigError::new("mode", problem, way_out)
    }

    /// For a run that is to be recorded.
    #[cfg(feature = "map-journal")]
    pub(super) fn record_error(self) -> ConfigError {
        let (problem, way_out) = match self {
            Self::Asked | Self::Free | Self::Argument => (
                "and the function's attribute does not prepare it",
                "write `resume_version = 1` in the attribute, or name the function: `.resumable(\"…\")`",
            ),
            Self::Value => (
                "and the function's value does not become bytes",
                "derive `serde::Serialize` and `serde::Deserialize` for it, and let it borrow nothing",
            ),
            Self::Error => (
                "and the function's error does not become bytes",
                "derive `serde::Serialize` and `serde::Deserialize` for it, or return a `String`",
            ),
        };
        let problem = format!("records the run, {problem}");
        ConfigError::new("resume", problem, way_out)
    }

    /// For a call that got so far although its run was rejected.
    pub(super) fn codec_error(self) -> CodecError {
        CodecError::new(match self {
            Self::Free | Self::Asked => "the function is not one that runs elsewhere",
            Self::Argument => "an argument has no bytes",
            Self::Value => "the value has no bytes",
            Self::Error => "the error has no bytes",
        })
    }
}
