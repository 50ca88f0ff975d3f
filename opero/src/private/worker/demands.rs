//! What a literal `mode = "process"` demands of a function's types, with messages that say what to do.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// An argument taken by value.
#[diagnostic::on_unimplemented(
    message = "an argument of type `{Self}` goes to a worker process, and it is not `Serialize` and `Deserialize`",
    label = "cannot pass between processes",
    note = "derive `serde::Serialize` and `serde::Deserialize`, or take what it is made from and make it in the function",
    note = "what a worker makes once, such as a client or a model, belongs into a static: `worker_init` can fill it"
)]
pub trait ArgumentTravels {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> ArgumentTravels for T {}

/// An argument taken by reference.
#[diagnostic::on_unimplemented(
    message = "an argument of type `&{Self}` goes to a worker process, which has to own one to lend it",
    label = "cannot pass between processes",
    note = "`{Self}` has to be `Clone` (or `ToOwned`), `Serialize`, `Deserialize`, `Send` and `Sync`",
    note = "what a worker makes once, such as a client or a model, belongs into a static: `worker_init` can fill it"
)]
pub trait BorrowedArgumentTravels {}

#[diagnostic::do_not_recommend]
impl<T> BorrowedArgumentTravels for T
where
    T: Serialize + ToOwned + ?Sized,
    T::Owned: DeserializeOwned + Send + Sync,
{
}

/// A function's value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the value of a function that runs in worker processes, and it is not `Serialize` and `Deserialize`",
    label = "cannot come back from another process",
    note = "derive `serde::Serialize` and `serde::Deserialize` for `{Self}`"
)]
pub trait ValueTravels {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> ValueTravels for T {}

/// A function's error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the error of a function that runs in worker processes, and it is not `Serialize` and `Deserialize`",
    label = "cannot come back from another process",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or return a `String` in its place (`.map_err(|e| e.to_string())`)"
)]
pub trait ErrorTravels {}

#[diagnostic::do_not_recommend]
impl<E: Serialize + DeserializeOwned> ErrorTravels for E {}

/// Demands it of an argument that is taken by value.
pub const fn argument_travels<T: ArgumentTravels>() {}
/// Demands it of an argument that is taken as a `&T`.
pub const fn borrowed_argument_travels<T: BorrowedArgumentTravels + ?Sized>() {}
/// Demands it of a value.
pub const fn value_travels<T: ValueTravels>() {}
/// Demands it of an error.
pub const fn error_travels<E: ErrorTravels>() {}
