//! What of a function's calls becomes bytes, for worker processes and for records, and why it does
//! not.

use std::fmt;
#[cfg(not(any(feature = "map-process", feature = "map-journal")))]
use std::marker::PhantomData;

#[cfg(any(feature = "map-process", feature = "map-journal"))]
use opero_core::ConfigError;
#[cfg(any(feature = "map-process", feature = "map-journal"))]
use opero_core::stable::OutcomeCodec;
use opero_core::{Attempt, CodecError, Error};

/// The codec of outcomes where none is compiled in, which no call has.
#[cfg(not(any(feature = "map-process", feature = "map-journal")))]
#[derive(Debug)]
pub struct OutcomeCodec<T, E>(std::convert::Infallible, PhantomData<fn() -> (T, E)>);

#[cfg(not(any(feature = "map-process", feature = "map-journal")))]
impl<T, E> OutcomeCodec<T, E> {
    fn decode(&self, _: &[u8]) -> Result<Result<T, Error<E>>, CodecError> {
        match self.0 {}
    }
}

/// How a function's calls become bytes. It is made anew wherever it is needed, since it is a few
/// pointers, and calls in this process carry only the one that makes it.
pub struct Bytes<S, I, T, E> {
    /// The arguments of an attempt, for a worker process.
    pub arguments: Result<EncodeArguments<S, I>, Unsendable>,
    /// What an execution comes to.
    pub outcome: Result<OutcomeCodec<T, E>, Unsendable>,
    /// The error in words.
    pub describe: Option<fn(&E) -> String>,
}

/// Says how a function's calls become bytes.
pub(super) type MakeBytes<S, I, T, E> = fn() -> Bytes<S, I, T, E>;

/// Appends the bytes of the arguments of one attempt.
pub(super) type EncodeArguments<S, I> = fn(&S, &I, Attempt, &mut Vec<u8>) -> Result<(), CodecError>;

impl<S, I, T, E> fmt::Debug for Bytes<S, I, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bytes").finish_non_exhaustive()
    }
}

/// Reads what comes back from a worker process.
pub(super) struct OutcomeBytes<T, E>(Option<OutcomeCodec<T, E>>);

impl<T, E> OutcomeBytes<T, E> {
    #[inline]
    pub(super) fn of<S, I>(bytes: Option<MakeBytes<S, I, T, E>>) -> Self {
        Self(bytes.and_then(|bytes| bytes().outcome.ok()))
    }

    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Result<T, Error<E>>, CodecError> {
        let codec = self
            .0
            .as_ref()
            .ok_or_else(|| Unsendable::NotRequested.codec_error())?;
        codec.decode(bytes)
    }
}

/// Appends the arguments of an attempt for a worker process. No run gets here with a function that
/// has none: it asked before it started workers.
#[inline]
pub(super) fn encode_arguments<S, I, T, E>(
    bytes: Option<MakeBytes<S, I, T, E>>,
    shared: &S,
    item: &I,
    attempt: Attempt,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let encode = bytes
        .ok_or(Unsendable::NotRequested)
        .and_then(|bytes| bytes().arguments);
    encode.map_err(Unsendable::codec_error)?(shared, item, attempt, out)
}

/// Why a function cannot be executed in another process, or its results not be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsendable {
    /// A worker finds functions by their names: it has neither methods nor instances of generic
    /// functions.
    NotFree,
    /// Its attribute does not ask for it.
    NotRequested,
    /// An argument has no bytes.
    Argument,
    /// The value has none.
    Value,
    /// The error has none.
    Error,
}

impl Unsendable {
    /// Returns the error of a run that is to execute the function in worker processes.
    #[cfg(feature = "map-process")]
    pub(super) fn mode_error(self) -> ConfigError {
        let (problem, way_out) = match self {
            Self::NotFree => (
                "which find it by its name, and this one is a method or generic",
                "move the body into a free function that takes what it needs",
            ),
            Self::NotRequested => (
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

    /// Returns the error of a run that is to be recorded.
    #[cfg(feature = "map-journal")]
    pub(super) fn record_error(self) -> ConfigError {
        let (problem, way_out) = match self {
            Self::NotRequested | Self::NotFree | Self::Argument => (
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

    /// Returns the error of a call.
    pub(super) fn codec_error(self) -> CodecError {
        CodecError::new(match self {
            Self::NotFree | Self::NotRequested => {
                "the function is not one that runs in another process"
            }
            Self::Argument => "an argument has no bytes",
            Self::Value => "the value has no bytes",
            Self::Error => "the error has no bytes",
        })
    }
}
