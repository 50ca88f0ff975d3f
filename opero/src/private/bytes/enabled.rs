//! Arguments and outcomes as bytes, present: for worker processes and for records.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use opero_core::stable::OutcomeCodec;
use opero_core::{Attempt, CodecError, Error};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answers::MakeBytes;
use super::{Adapter, Lack};

/// What of a function's calls becomes bytes. Made anew wherever it is asked for: it is a handful of pointers, and calls in this
/// process carry only the one that makes it.
pub struct Bytes<S, I, T, E> {
    /// The arguments of an attempt, for a worker process.
    pub arguments: Result<EncodeArguments<S, I>, Lack>,
    /// What an execution comes to.
    pub outcome: Result<OutcomeCodec<T, E>, Lack>,
    /// The error in words.
    pub describe: Option<fn(&E) -> String>,
}

/// Appends the bytes of the arguments of one attempt.
pub(super) type EncodeArguments<S, I> = fn(&S, &I, Attempt, &mut Vec<u8>) -> Result<(), CodecError>;

/// The value and the error of a function, to ask for their codec: `(&&&Outcomes::of(adapter)).codec()`. By method resolution: a
/// method of what is there comes before one of what it refers to.
#[derive(Debug)]
pub struct Outcomes<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> Clone for Outcomes<T, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, E> Copy for Outcomes<T, E> {}

impl<T, E> Outcomes<T, E> {
    /// The value and the error of `adapter`.
    pub const fn of<A: Adapter<Value = T, Error = E>>(_: A) -> Self {
        Self(PhantomData)
    }
}

/// The first choice.
pub trait OutcomeInfallible<T>: Sized {
    /// There is no error, and the value has bytes.
    ///
    /// # Errors
    /// None.
    fn codec(self) -> Result<OutcomeCodec<T, Infallible>, Lack>;
}

impl<T: Serialize + DeserializeOwned> OutcomeInfallible<T> for &&&Outcomes<T, Infallible> {
    fn codec(self) -> Result<OutcomeCodec<T, Infallible>, Lack> {
        Ok(OutcomeCodec::infallible())
    }
}

/// The second choice.
pub trait OutcomeBoth<T, E>: Sized {
    /// Both have bytes.
    ///
    /// # Errors
    /// None.
    fn codec(self) -> Result<OutcomeCodec<T, E>, Lack>;
}

impl<T, E> OutcomeBoth<T, E> for &&Outcomes<T, E>
where
    T: Serialize + DeserializeOwned,
    E: Serialize + DeserializeOwned,
{
    fn codec(self) -> Result<OutcomeCodec<T, E>, Lack> {
        Ok(OutcomeCodec::postcard())
    }
}

/// The third choice.
pub trait OutcomeValue<T, E>: Sized {
    /// The error has none.
    ///
    /// # Errors
    /// Always.
    fn codec(self) -> Result<OutcomeCodec<T, E>, Lack> {
        Err(Lack::Error)
    }
}

impl<T: Serialize + DeserializeOwned, E> OutcomeValue<T, E> for &Outcomes<T, E> {}

/// The last choice.
pub trait OutcomeAny<T, E>: Sized {
    /// The value has none.
    ///
    /// # Errors
    /// Always.
    fn codec(self) -> Result<OutcomeCodec<T, E>, Lack> {
        Err(Lack::Value)
    }
}

impl<T, E> OutcomeAny<T, E> for Outcomes<T, E> {}

/// The error of a function, to ask for its words: `Words::of(adapter).describe()`.
#[derive(Debug)]
pub struct Words<E>(PhantomData<fn() -> E>);

impl<E> Words<E> {
    /// The error of `adapter`.
    pub const fn of<A: Adapter<Error = E>>(_: A) -> Self {
        Self(PhantomData)
    }
}

/// The first choice.
pub trait WordsDisplay<E>: Sized {
    /// It displays itself.
    fn describe(self) -> Option<fn(&E) -> String>;
}

impl<E: fmt::Display> WordsDisplay<E> for Words<E> {
    fn describe(self) -> Option<fn(&E) -> String> {
        Some(E::to_string)
    }
}

/// The last choice.
pub trait WordsNone<E>: Sized {
    /// It has no words.
    fn describe(self) -> Option<fn(&E) -> String> {
        None
    }
}

impl<E> WordsNone<E> for &Words<E> {}

impl<S, I, T, E> fmt::Debug for Bytes<S, I, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bytes").finish_non_exhaustive()
    }
}

/// How what comes back from a worker process is read.
pub(super) struct OutcomeBytes<T, E>(Option<OutcomeCodec<T, E>>);

impl<T, E> OutcomeBytes<T, E> {
    #[inline]
    pub(super) fn of<S, I>(bytes: Option<MakeBytes<S, I, T, E>>) -> Self {
        Self(bytes.and_then(|bytes| bytes().outcome.ok()))
    }

    pub(super) fn decode(&self, bytes: &[u8]) -> Result<Result<T, Error<E>>, CodecError> {
        let codec = self.0.as_ref().ok_or_else(|| Lack::Asked.codec_error())?;
        codec.decode(bytes)
    }
}

/// Appends the arguments of an attempt for a worker process. No run gets here with a function that has none: it asked
/// before it started workers.
#[inline]
pub(super) fn encode_arguments<S, I, T, E>(
    bytes: Option<MakeBytes<S, I, T, E>>,
    shared: &S,
    item: &I,
    attempt: Attempt,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let encode = bytes.ok_or(Lack::Asked).and_then(|bytes| bytes().arguments);
    encode.map_err(Lack::codec_error)?(shared, item, attempt, out)
}
