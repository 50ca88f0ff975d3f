//! What `resume` adds to a generic function's keys, and what it demands of a function's types, with messages that say what to do.

use std::any::type_name;
use std::fmt::Display;

use opero_core::KeyBytes;
use opero_core::key::type_id;
use opero_core::stable::append_name;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::instance::append_type_name;

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
