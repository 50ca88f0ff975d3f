//! What identifies the items of a map in a cache.

use std::future::Future;
use std::hash::Hash;

use opero_core::{Attempt, FnOperation, Operation};

/// How the call for an item with a value of type `T` is identified.
pub trait Identity<I, T>: Send + Sync {
    /// `call`, identified by `item`.
    fn identify<'a, E, F, Fut>(&'a self, call: FnOperation<F>, item: &'a I) -> impl Operation<T, E>
    where
        F: Fn(Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send;
}

/// By a hash of the item and the closure's type, within this process.
#[derive(Debug, Clone, Copy)]
pub struct Hashed;

impl<I: Hash + Sync, T> Identity<I, T> for Hashed {
    #[inline]
    fn identify<'a, E, F, Fut>(&'a self, call: FnOperation<F>, item: &'a I) -> impl Operation<T, E>
    where
        F: Fn(Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        call.keyed(item)
    }
}

/// By a name and the item's bytes, in every process.
#[cfg(feature = "serde")]
#[derive(Debug, Clone)]
pub struct Named(pub(super) String);

#[cfg(feature = "serde")]
impl<I, T> Identity<I, T> for Named
where
    I: serde::Serialize + Sync,
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    fn identify<'a, E, F, Fut>(&'a self, call: FnOperation<F>, item: &'a I) -> impl Operation<T, E>
    where
        F: Fn(Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        call.stable(&self.0, item)
    }
}
