//! How a run records the items and results of a decorated function, and what it demands of their
//! types.

use std::any::type_name;
use std::borrow::Cow;
use std::fmt::Display;

use opero_core::key::type_id;
use opero_core::stable::append_name;
use opero_core::{Cause, CodecError, ConfigError, Error, KeyBytes};
use opero_map::RecordCodec;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bytes::Unsendable;
use super::call::{Callee, Failure, Value};
use super::function::append_type_name;
use super::map::MapJob;

impl<P: Callee> MapJob<P> {
    /// Why its runs are not recorded, if they are not.
    pub(super) fn unrecordable(&self) -> Option<Unsendable> {
        match self.0.bytes() {
            Some(bytes) if P::RECORDS => bytes.outcome.err(),
            _ => Some(Unsendable::NotRequested),
        }
    }
}

impl<P: Callee> RecordCodec<P::Item, Value<P>, Failure<P>> for MapJob<P> {
    fn function(&self) -> Result<Cow<'_, str>, ConfigError> {
        let function = self.0.function();
        let way_out = "give one of them another name, or each a `resume_name`";
        function.is_the_only_one("resume_name", way_out, |_| true)?;
        Ok(function.name().into())
    }

    fn is_known_by_name(&self) -> Result<(), CodecError> {
        self.0.instance().check().map(drop)
    }

    fn key(&self, item: &P::Item, out: &mut KeyBytes) -> Result<(), CodecError> {
        self.0.record_key(item, out).unwrap_or_else(|| {
            Err(CodecError::new(
                "an argument is not `Serialize`: derive it, or choose what identifies an item with `cache_key`",
            ))
        })
    }

    fn encode(
        &self,
        result: Result<&Value<P>, &Error<Failure<P>>>,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        match self.0.bytes().map(|bytes| bytes.outcome) {
            Some(Ok(codec)) => codec.encode(result, out),
            _ => Err(no_bytes()),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<Result<Value<P>, Error<Failure<P>>>, CodecError> {
        match self.0.bytes().map(|bytes| bytes.outcome) {
            Some(Ok(codec)) => codec.decode(bytes),
            _ => Err(no_bytes()),
        }
    }

    fn shape(&self) -> u64 {
        match self.0.bytes().map(|bytes| bytes.outcome) {
            Some(Ok(codec)) => codec.shape(),
            _ => 0,
        }
    }

    fn describe(&self, error: &Error<Failure<P>>) -> Option<String> {
        match error.cause() {
            Cause::Rejected(rejected) => Some(rejected.to_string()),
            Cause::Function(error) => self.0.bytes()?.describe.map(|words| words(error)),
        }
    }
}

/// Not asked for: a run looks whether there are records first.
#[cold]
fn no_bytes() -> CodecError {
    CodecError::new("the result is not `Serialize` and `Deserialize`")
}

/// A part of what identifies an item.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a part of what identifies an item of a run that resumes, and it is not `Serialize`",
    label = "not `Serialize`",
    note = "derive `serde::Serialize`, or choose what identifies an item with `cache_key = |…| …`",
    note = "for a generic type add the bound `serde::Serialize`"
)]
pub trait RecordedKey {}

#[diagnostic::do_not_recommend]
impl<K: Serialize + ?Sized> RecordedKey for K {}

/// A function's value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the value of a function whose results are recorded, and it is not `Serialize` and `Deserialize`",
    label = "cannot be recorded",
    note = "derive `serde::Serialize` and `serde::Deserialize` for `{Self}`, or leave `resume` out",
    note = "for a generic type add the bounds `serde::Serialize + serde::de::DeserializeOwned`"
)]
pub trait RecordedValue {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> RecordedValue for T {}

/// A function's error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the error of a function whose results are recorded, and it is not `Serialize` and `Deserialize`",
    label = "cannot be recorded",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or return a `String` in its place (`.map_err(|e| e.to_string())`)",
    note = "for a generic type add the bounds `serde::Serialize + serde::de::DeserializeOwned`"
)]
pub trait RecordedError {}

#[diagnostic::do_not_recommend]
impl<E: Serialize + DeserializeOwned> RecordedError for E {}

/// Demands it of a part of the key.
pub const fn identifies_record<K: RecordedKey + ?Sized>(_: &K) {}
/// Demands it of a value.
pub const fn value_is_recorded<T: RecordedValue>() {}
/// Demands it of an error.
pub const fn error_is_recorded<E: RecordedError>() {}

/// Appends the name of a type that a function is generic over.
pub fn append_type<T: ?Sized>(out: &mut KeyBytes) {
    append_type_name(type_name::<T>(), type_id::<T>(), out);
}

/// Appends a constant that a function is generic over.
pub fn append_constant(constant: impl Display, out: &mut KeyBytes) {
    append_name(&constant.to_string(), out);
}
