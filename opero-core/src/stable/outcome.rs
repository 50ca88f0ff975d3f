//! What a function came to, as bytes: its value, its error, or a rejection that it met inside.

use std::convert::Infallible;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::append;
use super::postcard::read;
use super::shape::known_shape;
use crate::{Cause, CodecError, Error, Rejected, RejectedKind};

/// How outcomes become bytes and come back, for what crosses processes or outlives them. The attempts before the last are not
/// part of it.
pub struct OutcomeCodec<T, E> {
    encode: Encode<T, E>,
    decode: Decode<T, E>,
    shape: fn() -> u64,
}

type Encode<T, E> = fn(Result<&T, &Error<E>>, &mut Vec<u8>) -> Result<(), CodecError>;
type Decode<T, E> = fn(&[u8]) -> Result<Result<T, Error<E>>, CodecError>;

impl<T, E> OutcomeCodec<T, E>
where
    T: Serialize + DeserializeOwned,
    E: Serialize + DeserializeOwned,
{
    /// The [postcard](https://postcard.jamesmunns.com/wire-format) encoding.
    ///
    /// ```
    /// use opero_core::Error;
    /// use opero_core::stable::OutcomeCodec;
    ///
    /// let codec = OutcomeCodec::<u32, String>::postcard();
    /// let mut bytes = Vec::new();
    /// codec.encode(Err(&Error::from(String::from("broken"))), &mut bytes)?;
    /// assert_eq!(codec.decode(&bytes)?.unwrap_err().function_error().unwrap(), "broken");
    /// # Ok::<_, opero_core::CodecError>(())
    /// ```
    pub const fn postcard() -> Self {
        Self {
            encode: encode::<T, E>,
            decode: decode::<T, E>,
            shape: known_shape::<Result<T, E>>,
        }
    }
}

impl<T: Serialize + DeserializeOwned> OutcomeCodec<T, Infallible> {
    /// The same for a function that cannot fail, whose error serde knows nothing of.
    pub const fn infallible() -> Self {
        Self {
            encode: |outcome, out| encode_with(outcome, out, |never, _| match *never {}),
            decode: |bytes| {
                decode_with(bytes, |_| {
                    Err(CodecError::new(
                        "it is the error of a function that cannot fail",
                    ))
                })
            },
            shape: known_shape::<T>,
        }
    }
}

impl<T, E> OutcomeCodec<T, E> {
    /// Appends the bytes of an outcome to `out`.
    ///
    /// # Errors
    /// Where value or error do not become bytes.
    pub fn encode(
        &self,
        outcome: Result<&T, &Error<E>>,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        (self.encode)(outcome, out)
    }

    /// The outcome whose bytes these are.
    ///
    /// # Errors
    /// Where they are not those of an outcome.
    pub fn decode(&self, bytes: &[u8]) -> Result<Result<T, Error<E>>, CodecError> {
        (self.decode)(bytes)
    }

    /// What value and error look like: see [`shape`](super::shape). Outcomes of another one must not be decoded.
    pub fn shape(&self) -> u64 {
        (self.shape)()
    }
}

impl<T, E> Clone for OutcomeCodec<T, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, E> Copy for OutcomeCodec<T, E> {}

impl<T, E> std::fmt::Debug for OutcomeCodec<T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OutcomeCodec")
    }
}

const VALUE: u8 = 0;
const FUNCTION: u8 = 1;
const REJECTED: u8 = 2;

fn encode<T: Serialize, E: Serialize>(
    outcome: Result<&T, &Error<E>>,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    encode_with(outcome, out, append)
}

fn encode_with<T: Serialize, E>(
    outcome: Result<&T, &Error<E>>,
    out: &mut Vec<u8>,
    append_error: impl FnOnce(&E, &mut Vec<u8>) -> Result<(), CodecError>,
) -> Result<(), CodecError> {
    match outcome.map_err(Error::cause) {
        Ok(value) => {
            out.push(VALUE);
            append(value, out)
        }
        Err(Cause::Function(error)) => {
            out.push(FUNCTION);
            append_error(error, out)
        }
        Err(Cause::Rejected(rejected)) => {
            out.push(REJECTED);
            append(&Told::of(rejected), out)
        }
    }
}

fn decode<T: DeserializeOwned, E: DeserializeOwned>(
    bytes: &[u8],
) -> Result<Result<T, Error<E>>, CodecError> {
    decode_with(bytes, read)
}

fn decode_with<T: DeserializeOwned, E>(
    bytes: &[u8],
    whole_error: impl FnOnce(&[u8]) -> Result<E, CodecError>,
) -> Result<Result<T, Error<E>>, CodecError> {
    match bytes.split_first() {
        Some((&VALUE, rest)) => read(rest).map(Ok),
        Some((&FUNCTION, rest)) => whole_error(rest).map(|error| Err(error.into())),
        Some((&REJECTED, rest)) => {
            read::<Told>(rest).map(|told| Err(Error::rejected(RejectedKind::from(told))))
        }
        _ => Err(CodecError::new("it is no outcome")),
    }
}

/// A rejection as it is told. New kinds go to the end.
#[derive(Serialize, Deserialize)]
enum Told {
    AttemptTimeout(Duration),
    ItemTimeout(Duration),
    RateWait(Duration, Duration),
    Elapsed(Duration, Duration),
    RateCost(u32, u32),
    RateBackend(String),
    EmptyFallback,
    Panic(String, Option<String>),
    Crashed(Option<i32>, Option<i32>),
    Transfer(String),
    Stopped,
    /// In its own words: a wrong parameter or a stage of the user's, whose names are of the program that met it.
    Words(String),
}

impl Told {
    fn of(rejected: &Rejected) -> Self {
        match rejected.kind().clone() {
            RejectedKind::AttemptTimeout { limit } => Self::AttemptTimeout(limit),
            RejectedKind::ItemTimeout { limit } => Self::ItemTimeout(limit),
            RejectedKind::RateWait { needed, limit } => Self::RateWait(needed, limit),
            RejectedKind::Elapsed { needed, left } => Self::Elapsed(needed, left),
            RejectedKind::RateCost { cost, burst } => Self::RateCost(cost, burst),
            RejectedKind::RateBackend { reason } => Self::RateBackend(reason),
            RejectedKind::EmptyFallback => Self::EmptyFallback,
            RejectedKind::Panic { message, location } => Self::Panic(message, location),
            RejectedKind::Crashed { signal, code } => Self::Crashed(signal, code),
            RejectedKind::Transfer { reason } => Self::Transfer(reason),
            RejectedKind::Stopped => Self::Stopped,
            RejectedKind::Config(_) | RejectedKind::Stage { .. } => {
                Self::Words(rejected.to_string())
            }
        }
    }
}

impl From<Told> for RejectedKind {
    fn from(told: Told) -> Self {
        match told {
            Told::AttemptTimeout(limit) => Self::AttemptTimeout { limit },
            Told::ItemTimeout(limit) => Self::ItemTimeout { limit },
            Told::RateWait(needed, limit) => Self::RateWait { needed, limit },
            Told::Elapsed(needed, left) => Self::Elapsed { needed, left },
            Told::RateCost(cost, burst) => Self::RateCost { cost, burst },
            Told::RateBackend(reason) => Self::RateBackend { reason },
            Told::EmptyFallback => Self::EmptyFallback,
            Told::Panic(message, location) => Self::Panic { message, location },
            Told::Crashed(signal, code) => Self::Crashed { signal, code },
            Told::Transfer(reason) => Self::Transfer { reason },
            Told::Stopped => Self::Stopped,
            Told::Words(reason) => Self::Stage {
                stage: "a call inside the function",
                reason,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_keeps_its_kind_and_its_figures() {
        let codec = OutcomeCodec::<u8, String>::postcard();
        for kind in [
            RejectedKind::AttemptTimeout {
                limit: Duration::from_millis(1),
            },
            RejectedKind::RateCost { cost: 9, burst: 3 },
            RejectedKind::Crashed {
                signal: Some(9),
                code: None,
            },
            RejectedKind::Panic {
                message: "boom".into(),
                location: Some("a.rs:1:2".into()),
            },
        ] {
            let error = Error::rejected(kind);
            let mut bytes = Vec::new();
            codec.encode(Err(&error), &mut bytes).unwrap();
            let back = codec.decode(&bytes).unwrap().unwrap_err();
            assert_eq!(
                (back.kind(), back.to_string()),
                (error.kind(), error.to_string())
            );
        }
    }

    #[test]
    fn values_come_back_and_damage_is_an_error() {
        let codec = OutcomeCodec::<String, u8>::postcard();
        let mut bytes = Vec::new();
        codec.encode(Ok(&"value".to_owned()), &mut bytes).unwrap();
        assert_eq!(codec.decode(&bytes).unwrap().unwrap(), "value");
        for end in 0..bytes.len() {
            assert!(codec.decode(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn a_function_that_cannot_fail_has_outcomes_too() {
        let codec = OutcomeCodec::<u8, Infallible>::infallible();
        let mut bytes = Vec::new();
        codec.encode(Ok(&7), &mut bytes).unwrap();
        assert_eq!(codec.decode(&bytes).unwrap().unwrap(), 7);
        bytes.clear();
        let stopped = Error::rejected(RejectedKind::Stopped);
        codec.encode(Err(&stopped), &mut bytes).unwrap();
        let back = codec.decode(&bytes).unwrap().unwrap_err();
        assert_eq!(back.kind(), stopped.kind());
        assert!(codec.decode(&[FUNCTION]).is_err());
    }
}
