//! Lists of fallback values, as callers pass them.

use opero_core::{Error, Refused};

use super::adapter::{Plain, Transparent, Wrapped};
use super::checks::{Anything, TakesRefusals};

/// Values for a fallback parameter of type `M` (`arg_fallback`), tried in order until one succeeds: one plain value, an
/// array or a reference to one, and, where the function's error `E` can say that a list was empty, a `Vec` or a slice.
///
/// `E` takes refusals where it implements `From<opero::Refused>`, or where the function returns `opero::Error`.
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
    note = "a `Vec` or a slice may be empty: it can be passed where the function's error type implements `From<opero::Refused>`, or where the function returns `opero::Error`"
)]
pub trait Alternatives<M, E>: Sized {
    /// The list, ready to be shared by the attempts.
    type List: AsRef<[M]> + Send + Sync;

    /// The list.
    fn into_list(self) -> Self::List;

    /// The error for an empty list. `None`: a list of this type is never empty.
    fn refused(refused: Refused) -> Option<E> {
        let _ = refused;
        None
    }
}

impl<M: Send + Sync, E> Alternatives<M, E> for M {
    type List = [M; 1];

    fn into_list(self) -> [M; 1] {
        [self]
    }
}

impl<M: Send + Sync, E, const N: usize> Alternatives<M, E> for [M; N] {
    type List = [M; N];

    fn into_list(self) -> [M; N] {
        const {
            assert!(
                N > 0,
                "the list of fallback values is empty: pass at least one value"
            )
        };
        self
    }
}

impl<'a, M: Sync, E, const N: usize> Alternatives<M, E> for &'a [M; N] {
    type List = &'a [M];

    fn into_list(self) -> &'a [M] {
        const {
            assert!(
                N > 0,
                "the list of fallback values is empty: pass at least one value"
            )
        };
        self
    }
}

impl<M: Send + Sync, E: TakesRefusals> Alternatives<M, E> for Vec<M> {
    type List = Self;

    fn into_list(self) -> Self {
        self
    }

    fn refused(refused: Refused) -> Option<E> {
        Some(E::from_refused(refused))
    }
}

impl<'a, M: Sync, E: TakesRefusals> Alternatives<M, E> for &'a [M] {
    type List = &'a [M];

    fn into_list(self) -> &'a [M] {
        self
    }

    fn refused(refused: Refused) -> Option<E> {
        Some(E::from_refused(refused))
    }
}

impl<'a, M: Sync, E: TakesRefusals> Alternatives<M, E> for &'a Vec<M> {
    type List = &'a [M];

    fn into_list(self) -> &'a [M] {
        self
    }

    fn refused(refused: Refused) -> Option<E> {
        Some(E::from_refused(refused))
    }
}

impl<T, E> Transparent<T, E> {
    /// What becomes of an empty list.
    pub fn list_refuses<M, L>(self, _: &L) -> fn(Refused) -> Option<Result<T, Error<E>>>
    where
        L: Alternatives<M, Anything>,
    {
        |refused| Some(Err(Error::refused(refused)))
    }
}

impl<T, E> Wrapped<T, E> {
    /// What becomes of an empty list.
    pub fn list_refuses<M, L>(self, _: &L) -> fn(Refused) -> Option<Result<T, E>>
    where
        L: Alternatives<M, E>,
    {
        |refused| L::refused(refused).map(Err)
    }
}

impl<R> Plain<R> {
    /// Nothing: the attribute refuses a fallback on a function that cannot fail, and says so better than a method that is
    /// not there.
    pub fn list_refuses<M, L>(self, _: &L) -> fn(Refused) -> Option<R> {
        |_| None
    }
}

/// The list as a slice.
#[inline]
pub fn values<M>(list: &impl AsRef<[M]>) -> &[M] {
    list.as_ref()
}

/// The value that an attempt uses. The list is not empty: an attempt on an empty one is refused before it starts.
#[inline]
pub fn pick<M>(list: &impl AsRef<[M]>, alternative: usize) -> &M {
    let list = list.as_ref();
    &list[alternative.min(list.len().saturating_sub(1))]
}
