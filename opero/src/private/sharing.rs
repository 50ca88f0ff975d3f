//! What an error type can do, chosen by method resolution, as the adapters are. Can a failed call hand its error to the callers
//! that waited for it? Where the error type is `Clone`, yes. Can a rejection be shown to the predicates? Where it becomes an error
//! by `From<Rejected>`, yes.

use std::marker::PhantomData;
use std::sync::Arc;

use opero_core::{Error, Rejected, SharedError};

use super::Adapter;

/// How an error is copied on its way to other callers.
#[derive(Debug)]
pub struct Sharing<E> {
    pub(super) share: fn(&Error<E>) -> SharedError,
    pub(super) unshare: fn(&SharedError) -> Option<Error<E>>,
}

/// The error type `E`, to ask for its way of sharing: `Errors::of(adapter).share()`.
#[derive(Debug, Clone, Copy)]
pub struct Errors<E>(PhantomData<fn() -> E>);

impl<E> Errors<E> {
    /// The error type of `adapter`.
    pub const fn of<A: Adapter<Error = E>>(_: A) -> Self {
        Self(PhantomData)
    }
}

/// Whether errors are shared.
pub trait ShareErrors<E>: Send + Sync {
    /// How, if they are.
    fn sharing(&self) -> Option<Sharing<E>>;
}

/// By cloning.
#[derive(Debug, Clone, Copy)]
pub struct Clones;

impl<E: Clone + Send + Sync + 'static> ShareErrors<E> for Clones {
    #[inline]
    fn sharing(&self) -> Option<Sharing<E>> {
        Some(Sharing {
            share: |error| Arc::new(error.clone()),
            unshare: |shared| shared.downcast_ref::<Error<E>>().cloned(),
        })
    }
}

/// Not at all: those who waited execute the function themselves.
#[derive(Debug, Clone, Copy)]
pub struct Unshared;

impl<E> ShareErrors<E> for Unshared {
    #[inline]
    fn sharing(&self) -> Option<Sharing<E>> {
        None
    }
}

/// The first choice.
pub trait RejectedFrom<E>: Sized {
    /// By `From<Rejected>`.
    fn rejected_as(self) -> Option<fn(Rejected) -> E>;
}

impl<E: From<Rejected>> RejectedFrom<E> for Errors<E> {
    fn rejected_as(self) -> Option<fn(Rejected) -> E> {
        Some(E::from)
    }
}

/// The last choice.
pub trait RejectedAny<E>: Sized {
    /// Not at all: the predicates are not asked about rejections.
    fn rejected_as(self) -> Option<fn(Rejected) -> E> {
        None
    }
}

impl<E> RejectedAny<E> for &Errors<E> {}

/// The first choice.
pub trait ShareClone: Sized {
    /// By cloning.
    fn share(self) -> Clones {
        Clones
    }
}

impl<E: Clone + Send + Sync + 'static> ShareClone for Errors<E> {}

/// The last choice.
pub trait ShareAny: Sized {
    /// Not at all.
    fn share(self) -> Unshared {
        Unshared
    }
}

impl<E> ShareAny for &Errors<E> {}
