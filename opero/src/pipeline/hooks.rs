//! The predicates of a pipeline, asked beside those of the operation.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use opero_core::{Attempt, Codec, Context, Error, Operation, SharedError, forward_operation};

type Predicate<V> = Arc<dyn Fn(&V) -> bool + Send + Sync>;
type Hint<E> = Arc<dyn Fn(&E) -> Option<Duration> + Send + Sync>;

/// What the user said of errors and values. They are asked after a failure or before a store, where a virtual call is
/// nothing; so the pipeline's type stays nameable.
pub(super) struct Hooks<E> {
    pub(super) retry_on: Option<Predicate<E>>,
    pub(super) retry_after: Option<Hint<E>>,
    pub(super) fallback_on: Option<Predicate<E>>,
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

impl<E> Default for Hooks<E> {
    fn default() -> Self {
        Self {
            retry_on: None,
            retry_after: None,
            fallback_on: None,
            cache_if: None,
            sharing: None,
        }
    }
}

/// An operation with the pipeline's predicates beside its own: both must agree.
pub(super) struct Hooked<'a, N, E, T> {
    operation: &'a N,
    hooks: &'a Hooks<E>,
    /// Only values that may be cached are `'static`, and only of those is `cache_if` asked.
    as_any: fn(&T) -> Option<&dyn Any>,
}

impl<'a, N, E, T> Hooked<'a, N, E, T> {
    pub(super) fn uncached(operation: &'a N, hooks: &'a Hooks<E>) -> Self {
        Self {
            operation,
            hooks,
            as_any: |_| None,
        }
    }

    pub(super) fn cached(operation: &'a N, hooks: &'a Hooks<E>) -> Self
    where
        T: 'static,
    {
        Self {
            operation,
            hooks,
            as_any: |value| Some(value),
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T, E, N> Operation<T, E> for Hooked<'_, N, E, T>
where
    N: Operation<T, E>,
{
    #[inline]
    fn attempt(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        self.operation.attempt(cx, attempt)
    }
    forward_operation!(self => self.operation);
    fn codec(&self) -> Option<Codec<T>> {
        self.operation.codec()
    }
    fn retry_on(&self, error: &E) -> bool {
        self.operation.retry_on(error) && self.hooks.retry_on.as_ref().is_none_or(|p| p(error))
    }
    fn retry_after(&self, error: &E) -> Option<Duration> {
        let hint = self.hooks.retry_after.as_ref().and_then(|hint| hint(error));
        self.operation.retry_after(error).or(hint)
    }
    fn fallback_on(&self, error: &E) -> bool {
        self.operation.fallback_on(error)
            && self.hooks.fallback_on.as_ref().is_none_or(|p| p(error))
    }
    fn cache_if(&self, value: &T) -> bool {
        let pipeline = self.hooks.cache_if.as_ref().zip((self.as_any)(value));
        self.operation.cache_if(value) && pipeline.is_none_or(|(keep, value)| keep(value))
    }
    fn share_error(&self, error: &Error<E>) -> Option<SharedError> {
        let by_pipeline = || self.hooks.sharing.as_ref().map(|s| (s.share)(error));
        self.operation.share_error(error).or_else(by_pipeline)
    }
    fn unshare_error(&self, shared: &SharedError) -> Option<Error<E>> {
        let by_pipeline = || (self.hooks.sharing.as_ref()?.unshare)(shared);
        self.operation.unshare_error(shared).or_else(by_pipeline)
    }
}
