//! Arguments and outcomes as bytes, absent: there are neither worker processes nor records, so no call asks.

use std::fmt;
use std::marker::PhantomData;

use opero_core::{Attempt, CodecError, Error};

use super::answers::MakeBytes;

/// Nothing becomes bytes.
pub struct Bytes<S, I, T, E>(PhantomData<Parts<S, I, T, E>>);

type Parts<S, I, T, E> = fn() -> (S, I, T, E);

impl<S, I, T, E> fmt::Debug for Bytes<S, I, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bytes")
    }
}

/// No outcome comes back as bytes.
pub(super) struct OutcomeBytes<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> OutcomeBytes<T, E> {
    #[inline]
    pub(super) const fn of<S, I>(_: Option<MakeBytes<S, I, T, E>>) -> Self {
        Self(PhantomData)
    }

    pub(super) fn decode(&self, _: &[u8]) -> Result<Result<T, Error<E>>, CodecError> {
        Err(CodecError::new("results do not become bytes"))
    }
}

/// No arguments become bytes.
pub(super) fn encode_arguments<S, I, T, E>(
    _: Option<MakeBytes<S, I, T, E>>,
    _: &S,
    _: &I,
    _: Attempt,
    _: &mut Vec<u8>,
) -> Result<(), CodecError> {
    Err(CodecError::new("arguments do not become bytes"))
}
