//! What a function returns, as the pipeline sees it: a value or an error.
//!
//! Which of the three adapters fits is chosen by method resolution on [`Returns`]: an inherent
//! method before a trait's, a trait's method by value before one by reference. So aliases such as
//! `std::io::Result` are seen through, which no macro could do by looking at tokens.

use std::convert::Infallible;
use std::marker::PhantomData;

use opero_core::{Cause, Error, Rejected};

/// Converts between a function's return type and the pipeline's `Result<Value,
/// opero::Error<Error>>`.
pub trait Adapter: Copy + Send + Sync {
    /// What the function returns.
    type Return;
    /// What the cache keeps.
    type Value;
    /// What retry and fallback look at.
    type Error;
    /// Whether the return type can hold the errors of earlier attempts.
    const HOLDS_HISTORY: bool = false;

    /// Converts what the function returned for the pipeline.
    ///
    /// # Errors
    /// The function's own.
    fn lift(returned: Self::Return) -> Result<Self::Value, Error<Self::Error>>;

    /// Converts the pipeline's result for the caller.
    ///
    /// # Errors
    /// A rejection that the return type by itself cannot hold.
    fn lower(result: Result<Self::Value, Error<Self::Error>>) -> Result<Self::Return, Rejected>;

    /// Converts a value from the cache into what the function returns.
    fn known(value: Self::Value) -> Self::Return;
}

/// The return type `R`, to ask for its adapter: `returns::<R>().adapter()`.
#[derive(Debug, Clone, Copy)]
pub struct Returns<R>(PhantomData<fn() -> R>);

/// The return type `R`.
pub const fn returns<R>() -> Returns<R> {
    Returns(PhantomData)
}

macro_rules! marker {
    ($(#[$doc:meta])* $name:ident<$($parameter:ident),*>) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<$($parameter),*>(PhantomData<fn() -> ($($parameter,)*)>);

        impl<$($parameter),*> Clone for $name<$($parameter),*> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<$($parameter),*> Copy for $name<$($parameter),*> {}
    };
}

marker! {
    /// `Result<T, opero::Error<E>>`: nothing to convert, and the history of the attempts reaches
    /// the caller.
    Transparent<T, E>
}
marker! {
    /// `Result<T, E>` with the function's own error type.
    Wrapped<T, E>
}
marker! {
    /// Anything else: a function that cannot fail.
    Plain<R>
}

/// Returns the adapter of `Result<T, opero::Error<E>>`, where the macro knows that it is one.
pub const fn transparent<T, E>() -> Transparent<T, E> {
    Transparent(PhantomData)
}

/// Returns the adapter of another `Result<T, E>`.
pub const fn wrapped<T, E>() -> Wrapped<T, E> {
    Wrapped(PhantomData)
}

/// Returns the adapter of any other type.
pub const fn plain<R>() -> Plain<R> {
    Plain(PhantomData)
}

impl<T, E> Returns<Result<T, Error<E>>> {
    /// The first choice.
    pub const fn adapter(self) -> Transparent<T, E> {
        Transparent(PhantomData)
    }
}

/// The second choice.
pub trait ReturnsResult<T, E>: Sized {
    /// Returns the adapter.
    fn adapter(self) -> Wrapped<T, E> {
        Wrapped(PhantomData)
    }
}

impl<T, E> ReturnsResult<T, E> for Returns<Result<T, E>> {}

/// The last choice.
pub trait ReturnsAny<R>: Sized {
    /// Returns the adapter.
    fn adapter(self) -> Plain<R> {
        Plain(PhantomData)
    }
}

impl<R> ReturnsAny<R> for &Returns<R> {}

impl<T, E> Adapter for Transparent<T, E> {
    type Return = Result<T, Error<E>>;
    type Value = T;
    type Error = E;
    const HOLDS_HISTORY: bool = true;

    #[inline]
    fn known(value: Self::Value) -> Self::Return {
        Ok(value)
    }

    #[inline]
    fn lift(returned: Self::Return) -> Result<T, Error<E>> {
        // One that came from another decorated function brings that one's attempts, which are none
        // of this one's.
        returned.map_err(Error::without_history)
    }

    #[inline]
    fn lower(result: Result<T, Error<E>>) -> Result<Self::Return, Rejected> {
        Ok(result)
    }
}

impl<T, E> Adapter for Wrapped<T, E> {
    type Return = Result<T, E>;
    type Value = T;
    type Error = E;

    #[inline]
    fn known(value: Self::Value) -> Self::Return {
        Ok(value)
    }

    #[inline]
    fn lift(returned: Self::Return) -> Result<T, Error<E>> {
        match returned {
            Ok(value) => Ok(value),
            Err(error) => Err(Error::from(error)),
        }
    }

    #[inline]
    fn lower(result: Result<T, Error<E>>) -> Result<Self::Return, Rejected> {
        match result {
            Ok(value) => Ok(Ok(value)),
            Err(error) => match error.into_cause() {
                Cause::Function(error) => Ok(Err(error)),
                Cause::Rejected(rejected) => Err(rejected),
            },
        }
    }
}

impl<R> Adapter for Plain<R> {
    type Return = R;
    type Value = R;
    type Error = Infallible;

    #[inline]
    fn known(value: Self::Value) -> Self::Return {
        value
    }

    #[inline]
    fn lift(returned: R) -> Result<R, Error<Infallible>> {
        Ok(returned)
    }

    #[inline]
    fn lower(result: Result<R, Error<Infallible>>) -> Result<R, Rejected> {
        match result.map_err(Error::into_cause) {
            Ok(value) => Ok(value),
            Err(Cause::Function(never)) => match never {},
            Err(Cause::Rejected(rejected)) => Err(rejected),
        }
    }
}
