//! The predicates of a pipeline, asked beside those of the operation.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use opero_core::{CallPolicy, Codec, CodecError, Error, Rejected, SharedError};

type Predicate<V> = Arc<dyn Fn(&V) -> bool + Send + Sync>;
type RejectedAs<E> = Arc<dyn Fn(&Rejected) -> E + Send + Sync>;
type Hint<E> = Arc<dyn Fn(&E) -> Option<Duration> + Send + Sync>;

/// What the user said of errors and values. They are asked after a failure or before a store, where
/// a virtual call is nothing; so the pipeline's type stays nameable.
pub(super) struct Hooks<E> {
    pub(super) retry_on: Option<Predicate<E>>,
    pub(super) retry_after: Option<Hint<E>>,
    pub(super) fallback_on: Option<Predicate<E>>,
    pub(super) rejected_as: Option<RejectedAs<E>>,
    pub(super) cache_if: Option<Predicate<dyn Any>>,
    pub(super) sharing: Option<Sharing<E>>,
}

/// How an error gets from the caller that executed to those that waited for it.
pub(super) struct Sharing<E> {
    share: fn(&Error<E>) -> SharedError,
    unshare: fn(&SharedError) -> Option<Error<E>>,
}

impl<E: Clone + Send + Sync + 'static> Sharing<E> {
    pub(super) fn by_clone() -> Self {
        Self {
            share: |error| Arc::new(error.clone()),
            unshare: |shared| shared.downcast_ref::<Error<E>>().cloned(),
        }
    }
}

/// By hand: `E` need not be `Clone`.
impl<E> Clone for Hooks<E> {
    fn clone(&self) -> Self {
        Self {
            retry_on: self.retry_on.clone(),
            retry_after: self.retry_after.clone(),
            fallback_on: self.fallback_on.clone(),
            cache_if: self.cache_if.clone(),
            sharing: self.sharing,
            rejected_as: self.rejected_as.clone(),
        }
    }
}

impl<E> Clone for Sharing<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Sharing<E> {}

impl<E> Default for Hooks<E> {
    fn default() -> Self {
        Self {
            retry_on: None,
            retry_after: None,
            fallback_on: None,
            rejected_as: None,
            cache_if: None,
            sharing: None,
        }
    }
}

/// The policy of an operation with the pipeline's predicates beside its own: both must agree.
pub(super) struct Both<'a, T, E> {
    pub(super) own: &'a dyn CallPolicy<T, E>,
    pub(super) hooks: &'a Hooks<E>,
    /// Only values that may be cached are `'static`, and only of those is `cache_if` asked.
    pub(super) as_any: fn(&T) -> Option<&dyn Any>,
}

#[deny(clippy::missing_trait_methods)]
impl<T, E> CallPolicy<T, E> for Both<'_, T, E> {
    fn codec(&self) -> Option<Codec<T>> {
        self.own.codec()
    }
    fn retry_on(&self, error: &E) -> bool {
        self.own.retry_on(error) && self.hooks.retry_on.as_ref().is_none_or(|p| p(error))
    }
    fn retry_after(&self, error: &E) -> Option<Duration> {
        let hint = self.hooks.retry_after.as_ref().and_then(|hint| hint(error));
        self.own.retry_after(error).or(hint)
    }
    fn fallback_on(&self, error: &E) -> bool {
        self.own.fallback_on(error) && self.hooks.fallback_on.as_ref().is_none_or(|p| p(error))
    }
    fn as_error(&self, rejected: &Rejected) -> Option<E> {
        let by_pipeline = || self.hooks.rejected_as.as_ref().map(|make| make(rejected));
        self.own.as_error(rejected).or_else(by_pipeline)
    }
    fn cache_if(&self, value: &T) -> bool {
        let pipeline = self.hooks.cache_if.as_ref().zip((self.as_any)(value));
        self.own.cache_if(value) && pipeline.is_none_or(|(keep, value)| keep(value))
    }
    fn share_error(&self, error: &Error<E>) -> Option<SharedError> {
        let by_pipeline = || self.hooks.sharing.as_ref().map(|s| (s.share)(error));
        self.own.share_error(error).or_else(by_pipeline)
    }
    fn unshare_error(&self, shared: &SharedError) -> Option<Error<E>> {
        let by_pipeline = || (self.hooks.sharing.as_ref()?.unshare)(shared);
        self.own.unshare_error(shared).or_else(by_pipeline)
    }
    fn decode_outcome(&self, bytes: &[u8]) -> Result<Result<T, Error<E>>, CodecError> {
        self.own.decode_outcome(bytes)
    }
}
