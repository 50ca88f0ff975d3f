//! Lists of fallback values, as callers pass them.

use std::fmt;
use std::marker::PhantomData;
use std::slice;

use opero_core::{Error, Rejected};

use super::adapter::{Plain, Transparent, Wrapped};
use super::checks::{Anything, TakesRejections};

/// Values for a fallback parameter of type `M` (`arg_fallback`), tried in order until one succeeds:
/// one plain value, an array or a reference to one, and, where the function's error `E` can say
/// that a list was empty, a `Vec` or a slice.
///
/// `E` takes rejections where it implements `From<opero::Rejected>`, or where the function returns
/// `opero::Error`.
///
/// An array without values does not compile:
///
/// ```compile_fail,E0080
/// #[opero::opero(arg_fallback = "model")]
/// fn ask(model: u32) -> Result<u32, String> {
///     Ok(model)
/// }
///
/// let none: [u32; 0] = [];
/// let _ = ask(none);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of fallback values of type `{M}`",
    label = "expected one `{M}` or an array of them",
    note = "a `Vec` or a slice may be empty: it can be passed where the function's error type implements `From<opero::Rejected>`, or where the function returns `opero::Error`"
)]
pub trait FallbackValues<M, E>: Sized + Send + Sync {
    /// Returns the values.
    fn values(&self) -> &[M];

    /// Returns the error for an empty list. `None`: a list of this type is never empty.
    fn rejected(rejected: Rejected) -> Option<E> {
        let _ = rejected;
        None
    }
}

impl<M: Send + Sync, E> FallbackValues<M, E> for M {
    fn values(&self) -> &[M] {
        slice::from_ref(self)
    }
}

impl<M: Send + Sync, E, const N: usize> FallbackValues<M, E> for [M; N] {
    fn values(&self) -> &[M] {
        const {
            assert!(
                N > 0,
                "the list of fallback values is empty: pass at least one value"
            )
        };
        self
    }
}

impl<M: Sync, E, const N: usize> FallbackValues<M, E> for &[M; N] {
    fn values(&self) -> &[M] {
        const {
            assert!(
                N > 0,
                "the list of fallback values is empty: pass at least one value"
            )
        };
        *self
    }
}

impl<M: Send + Sync, E: TakesRejections> FallbackValues<M, E> for Vec<M> {
    fn values(&self) -> &[M] {
        self
    }

    fn rejected(rejected: Rejected) -> Option<E> {
        Some(E::from_rejected(rejected))
    }
}

impl<M: Sync, E: TakesRejections> FallbackValues<M, E> for &[M] {
    fn values(&self) -> &[M] {
        self
    }

    fn rejected(rejected: Rejected) -> Option<E> {
        Some(E::from_rejected(rejected))
    }
}

impl<M: Sync, E: TakesRejections> FallbackValues<M, E> for &Vec<M> {
    fn values(&self) -> &[M] {
        self
    }

    fn rejected(rejected: Rejected) -> Option<E> {
        Some(E::from_rejected(rejected))
    }
}

impl<T, E> Transparent<T, E> {
    /// Returns the handler for an empty list.
    pub fn list_rejects<M, L>(self, _: &L) -> fn(Rejected) -> Option<Result<T, Error<E>>>
    where
        L: FallbackValues<M, Anything>,
    {
        |rejected| Some(Err(Error::rejected(rejected)))
    }
}

impl<T, E> Wrapped<T, E> {
    /// Returns the handler for an empty list.
    pub fn list_rejects<M, L>(self, _: &L) -> fn(Rejected) -> Option<Result<T, E>>
    where
        L: FallbackValues<M, E>,
    {
        |rejected| L::rejected(rejected).map(Err)
    }
}

impl<R> Plain<R> {
    /// Returns `None`: the attribute rejects a fallback on a function that cannot fail, with a
    /// better message than a method that is not there.
    pub fn list_rejects<M, L>(self, _: &L) -> fn(Rejected) -> Option<R> {
        |_| None
    }
}

/// A list among the arguments that attempts share. A type of its own, and no type that
/// `FallbackValues` names for `L`: the compiler cannot resolve such a one in a future that goes
/// from thread to thread, once it has erased the lifetimes in it.
pub struct List<M, E, L> {
    list: L,
    types: PhantomData<fn() -> (M, E)>,
}

/// Wraps the list as it was passed.
#[inline]
pub fn list<M, E, L: FallbackValues<M, E>>(list: L) -> List<M, E, L> {
    List {
        list,
        types: PhantomData,
    }
}

impl<M, E, L: FallbackValues<M, E>> AsRef<[M]> for List<M, E, L> {
    #[inline]
    fn as_ref(&self) -> &[M] {
        self.list.values()
    }
}

/// Without the values: they may be secrets.
impl<M, E, L> fmt::Debug for List<M, E, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}

/// Returns the list as a slice.
#[inline]
pub fn values<M>(list: &impl AsRef<[M]>) -> &[M] {
    list.as_ref()
}

/// Returns the value that an attempt uses. The list is not empty: an attempt on an empty one is
/// rejected before it starts.
#[inline]
pub fn pick<M>(list: &impl AsRef<[M]>, fallback_index: usize) -> &M {
    let list = list.as_ref();
    &list[fallback_index.min(list.len().saturating_sub(1))]
}
