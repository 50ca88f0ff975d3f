//! Which results become bytes, chosen by method resolution.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use opero_core::stable::OutcomeCodec;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::adapter::Adapter;
use super::bytes::Unsendable;

/// The value and the error of a function, to ask for their codec:
/// `(&&&Outcomes::of(adapter)).codec()`. By method resolution: a method of what is there comes
/// before one of what it refers to.
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
    /// Returns the codec of a value without an error.
    ///
    /// # Errors
    /// None.
    fn codec(self) -> Result<OutcomeCodec<T, Infallible>, Unsendable>;
}

impl<T: Serialize + DeserializeOwned> OutcomeInfallible<T> for &&&Outcomes<T, Infallible> {
    fn codec(self) -> Result<OutcomeCodec<T, Infallible>, Unsendable> {
        Ok(OutcomeCodec::infallible())
    }
}

/// The second choice.
pub trait OutcomeBoth<T, E>: Sized {
    /// Returns the codec of both.
    ///
    /// # Errors
    /// None.
    fn codec(self) -> Result<OutcomeCodec<T, E>, Unsendable>;
}

impl<T, E> OutcomeBoth<T, E> for &&Outcomes<T, E>
where
    T: Serialize + DeserializeOwned,
    E: Serialize + DeserializeOwned,
{
    fn codec(self) -> Result<OutcomeCodec<T, E>, Unsendable> {
        Ok(OutcomeCodec::postcard())
    }
}

/// The third choice.
pub trait OutcomeValue<T, E>: Sized {
    /// Returns that the error has no bytes.
    ///
    /// # Errors
    /// Always.
    fn codec(self) -> Result<OutcomeCodec<T, E>, Unsendable> {
        Err(Unsendable::Error)
    }
}

impl<T: Serialize + DeserializeOwned, E> OutcomeValue<T, E> for &Outcomes<T, E> {}

/// The last choice.
pub trait OutcomeAny<T, E>: Sized {
    /// Returns that the value has no bytes.
    ///
    /// # Errors
    /// Always.
    fn codec(self) -> Result<OutcomeCodec<T, E>, Unsendable> {
        Err(Unsendable::Value)
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
    /// Returns its `Display`.
    fn describe(self) -> Option<fn(&E) -> String>;
}

impl<E: fmt::Display> WordsDisplay<E> for Words<E> {
    fn describe(self) -> Option<fn(&E) -> String> {
        Some(E::to_string)
    }
}

/// The last choice.
pub trait WordsNone<E>: Sized {
    /// Returns `None`.
    fn describe(self) -> Option<fn(&E) -> String> {
        None
    }
}

impl<E> WordsNone<E> for &Words<E> {}

/// A type, to ask whether it is a reference, whatever it is called: no bytes become one, and the
/// compiler, which finds the `Deserialize` of a `&'static str` before it looks at lifetimes, would
/// only say that it is "not general enough".
///
/// Asked by `Kind::<T>::new().kind()`. By method resolution: an inherent method before a trait's.
#[derive(Debug)]
pub struct Kind<T>(PhantomData<fn() -> T>);

impl<T> Kind<T> {
    /// Of this type.
    #[allow(clippy::new_without_default)] // A name of a type to ask a method of, and no value.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// A reference.
#[derive(Debug)]
pub struct Lasting<T>(PhantomData<fn() -> T>);

/// Anything else.
#[derive(Debug)]
pub struct Whole;

impl<'a, T: ?Sized> Kind<&'a T> {
    /// The first choice.
    pub const fn kind(self) -> Lasting<&'a T> {
        Lasting(PhantomData)
    }
}

/// The last choice.
pub trait KindAny: Sized {
    /// Not a reference.
    fn kind(self) -> Whole {
        Whole
    }
}

impl<T> KindAny for Kind<T> {}

/// What is no reference.
#[diagnostic::on_unimplemented(
    message = "what passes between processes or is recorded becomes bytes, and no bytes become a reference",
    label = "this is another name of a reference",
    note = "take or return an owned value, such as a `String`"
)]
pub trait IsOwned {}

impl IsOwned for Whole {}

/// Demands that a type is no reference.
pub fn is_owned<K: IsOwned>(_: K) {}
