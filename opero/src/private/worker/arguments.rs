//! Arguments on their way into a worker process. Which of them can make it is chosen by method resolution, as the adapters are:
//! of those that cannot, the function says so when it is asked to run there, and runs in threads or tasks all the same.

use std::marker::PhantomData;

use opero_core::CodecError;
use opero_core::stable::{append, take};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::__private::renewal::{Kept, NotKept};

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
    /// Can it pass between processes?
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
    /// Can it pass between processes?
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
