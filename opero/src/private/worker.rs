//! A function in a worker process: its arguments from their bytes, its outcome to bytes; and the
//! runtime of an async `main`.
//!
//! Which arguments can be sent is chosen by method resolution. A function with one that cannot runs
//! in threads or tasks, and says so when it is asked to run in processes.

use std::future::Future;
use std::marker::PhantomData;

use opero_core::stable::{OutcomeCodec, append, take};
use opero_core::{CodecError, ConfigError};
use opero_map::RemoteFunction;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Builder;

use super::adapter::{Adapter, Returns, returns};
use super::arguments::{Kept, NotKept};
use super::bytes::Unsendable;
use super::call::Callee;
use super::map::MapJob;

/// The type of what a function returned, to ask for its adapter.
pub fn returns_like<R>(_: &R) -> Returns<R> {
    returns()
}

/// Appends what the execution of a function came to.
///
/// # Errors
/// Where it does not become bytes.
pub fn append_outcome<A: Adapter>(
    _: A,
    returned: A::Return,
    codec: Result<OutcomeCodec<A::Value, A::Error>, Unsendable>,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let codec = codec.map_err(Unsendable::codec_error)?;
    let outcome = A::lift(returned);
    codec.encode(outcome.as_ref(), out)
}

impl<P: Callee> MapJob<P> {
    /// The function as worker processes know it, if they can.
    pub(super) fn remote_function(&self) -> Result<RemoteFunction, ConfigError> {
        let reason = match self.0.bytes() {
            Some(bytes) => bytes.arguments.err().or(bytes.outcome.err()),
            None => Some(Unsendable::NotRequested),
        };
        match reason {
            None => Ok(RemoteFunction {
                path: self.0.function().name().to_owned(),
                waiting: P::WAIT_MODE,
            }),
            Some(reason) => Err(reason.mode_error()),
        }
    }
}

/// An argument of this type that is taken by value: `Owned::<T>::new().append(&argument, out)`.
#[derive(Debug)]
pub struct Owned<T>(PhantomData<fn() -> T>);

/// An argument that is taken as a `&T`.
#[derive(Debug)]
pub struct Borrowed<T: ?Sized>(PhantomData<fn() -> Box<T>>);

impl<T> Owned<T> {
    /// Of this type.
    #[allow(clippy::new_without_default)] // A name of a type to ask methods of, and no value.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: ?Sized> Borrowed<T> {
    /// Of this type.
    #[allow(clippy::new_without_default)] // As above.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// The first choice.
pub trait OwnedSerde<T>: Sized {
    /// Returns `true` if it can pass between processes.
    fn travels(self) -> bool {
        true
    }
    /// Appends its bytes.
    ///
    /// # Errors
    /// Where it has none.
    fn append(self, argument: &T, out: &mut Vec<u8>) -> Result<(), CodecError>;
    /// The next argument.
    ///
    /// # Errors
    /// Where the bytes are those of something else.
    fn take(self, bytes: &mut &[u8]) -> Result<T, CodecError>;
}

impl<T: Serialize + DeserializeOwned> OwnedSerde<T> for Owned<T> {
    fn append(self, argument: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
        append(argument, out)
    }

    fn take(self, bytes: &mut &[u8]) -> Result<T, CodecError> {
        take(bytes)
    }
}

/// The last choice.
pub trait OwnedAny<T>: Sized {
    /// It cannot.
    fn travels(self) -> bool {
        false
    }
    /// It has no bytes.
    ///
    /// # Errors
    /// Always.
    fn append(self, _: &T, _: &mut Vec<u8>) -> Result<(), CodecError> {
        Err(no_bytes())
    }
    /// It cannot be had.
    ///
    /// # Errors
    /// Always.
    fn take(self, _: &mut &[u8]) -> Result<T, CodecError> {
        Err(no_bytes())
    }
}

impl<T> OwnedAny<T> for &Owned<T> {}

/// The first choice.
pub trait BorrowedSerde<T: ?Sized>: Sized {
    /// What is lent to the function.
    type Owned;
    /// Returns `true` if it can pass between processes.
    fn travels(self) -> bool {
        true
    }
    /// Appends its bytes.
    ///
    /// # Errors
    /// Where it has none.
    fn append(self, argument: &T, out: &mut Vec<u8>) -> Result<(), CodecError>;
    /// The next argument, to be lent.
    ///
    /// # Errors
    /// Where the bytes are those of something else.
    fn take(self, bytes: &mut &[u8]) -> Result<Kept<T, Self::Owned>, CodecError>;
}

impl<T> BorrowedSerde<T> for Borrowed<T>
where
    T: Serialize + ToOwned + ?Sized,
    T::Owned: DeserializeOwned + Send + Sync,
{
    type Owned = T::Owned;

    fn append(self, argument: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
        append(argument, out)
    }

    fn take(self, bytes: &mut &[u8]) -> Result<Kept<T, T::Owned>, CodecError> {
        take(bytes).map(Kept::new)
    }
}

/// The last choice.
pub trait BorrowedAny<T: ?Sized>: Sized {
    /// It cannot.
    fn travels(self) -> bool {
        false
    }
    /// It has no bytes.
    ///
    /// # Errors
    /// Always.
    fn append(self, _: &T, _: &mut Vec<u8>) -> Result<(), CodecError> {
        Err(no_bytes())
    }
    /// It cannot be had.
    ///
    /// # Errors
    /// Always.
    fn take(self, _: &mut &[u8]) -> Result<NotKept, CodecError> {
        Err(no_bytes())
    }
}

impl<T: ?Sized> BorrowedAny<T> for &Borrowed<T> {}

#[cold]
fn no_bytes() -> CodecError {
    CodecError::new("an argument is not `Serialize` and `Deserialize`")
}

/// The arguments were those of this function, and no others.
///
/// # Errors
/// Where there are more bytes.
pub fn nothing_left(bytes: &[u8]) -> Result<(), CodecError> {
    match bytes {
        [] => Ok(()),
        _ => Err(CodecError::new("there is more than the arguments")),
    }
}

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

/// What an async `main` runs on.
#[derive(Debug, Clone, Copy)]
pub enum Runtime {
    /// Threads: so many, or one a core.
    MultiThread(Option<usize>),
    /// The main thread only.
    CurrentThread,
}

/// Runs an async `main` to its end.
pub fn run_main<R>(runtime: Runtime, main: impl Future<Output = R>) -> R {
    let mut builder = match runtime {
        Runtime::MultiThread(None) => Builder::new_multi_thread(),
        Runtime::MultiThread(Some(threads)) => {
            let mut builder = Builder::new_multi_thread();
            // None at all is rejected where it is a literal; of an expression this is what can be
            // made.
            builder.worker_threads(threads.max(1));
            builder
        }
        Runtime::CurrentThread => Builder::new_current_thread(),
    };
    match builder.enable_all().build() {
        Ok(runtime) => runtime.block_on(main),
        Err(error) => {
            eprintln!("the tokio runtime of `main` could not be started: {error}");
            std::process::exit(1);
        }
    }
}
