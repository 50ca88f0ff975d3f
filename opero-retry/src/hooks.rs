//! What a call knows of its errors, put on an operation by closures.
//!
//! The `#[opero]` attribute and hand-written operations answer the stages' questions themselves; these are for the
//! closures of [`operation`](crate::operation).

use std::fmt;
use std::time::Duration;

use opero_core::{Attempt, Codec, Context, Error, Operation, SharedError, forward_operation};

/// Refines an operation by closures over its error.
///
/// ```
/// use opero_retry::{OperationExt, Retry, RetryPolicy, Stage, operation};
/// use std::time::Duration;
///
/// #[derive(Debug)]
/// enum ApiError { TooMany { retry_after: Duration }, NotFound }
///
/// let retry = Retry::new(RetryPolicy::default())?;
/// let fetch = operation(|_| async { Err::<String, _>(ApiError::NotFound) })
///     .with_retry_on(|error: &ApiError| !matches!(error, ApiError::NotFound))
///     .with_retry_after(|error: &ApiError| match error {
///         ApiError::TooMany { retry_after } => Some(*retry_after),
///         ApiError::NotFound => None,
///     });
/// assert_eq!(retry.execute_sync(&fetch).unwrap_err().attempts(), 1);
/// # Ok::<(), opero_retry::ConfigError>(())
/// ```
pub trait OperationExt: Sized {
    /// Only errors that `predicate` holds for are worth another attempt.
    fn with_retry_on<E, P: Fn(&E) -> bool + Send + Sync>(
        self,
        predicate: P,
    ) -> Hooked<Self, RetryOn<P>> {
        Hooked::new(self, RetryOn(predicate))
    }

    /// How long the other side asked to wait, read from the error; it wins over the backoff.
    fn with_retry_after<E, P: Fn(&E) -> Option<Duration> + Send + Sync>(
        self,
        hint: P,
    ) -> Hooked<Self, RetryAfter<P>> {
        Hooked::new(self, RetryAfter(hint))
    }

    /// Only errors that `predicate` holds for are worth the next fallback value.
    fn with_fallback_on<E, P: Fn(&E) -> bool + Send + Sync>(
        self,
        predicate: P,
    ) -> Hooked<Self, FallbackOn<P>> {
        Hooked::new(self, FallbackOn(predicate))
    }
}

impl<O> OperationExt for O {}

/// An operation with one answer of its own, from [`OperationExt`]; it leaves the other questions to the inner one.
#[derive(Clone, Copy)]
pub struct Hooked<O, H> {
    operation: O,
    hook: H,
}

impl<O, H> Hooked<O, H> {
    const fn new(operation: O, hook: H) -> Self {
        Self { operation, hook }
    }
}

impl<O: fmt::Debug, H> fmt::Debug for Hooked<O, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooked")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

/// One answer about an error. `None`: it is the inner operation's to give.
pub trait Hook<E>: Send + Sync {
    /// As [`Operation::retry_on`].
    fn retry_on(&self, _: &E) -> Option<bool> {
        None
    }
    /// As [`Operation::retry_after`].
    fn retry_after(&self, _: &E) -> Option<Option<Duration>> {
        None
    }
    /// As [`Operation::fallback_on`].
    fn fallback_on(&self, _: &E) -> Option<bool> {
        None
    }
}

/// The hook of [`OperationExt::with_retry_on`].
#[derive(Debug, Clone, Copy)]
pub struct RetryOn<P>(P);

impl<E, P: Fn(&E) -> bool + Send + Sync> Hook<E> for RetryOn<P> {
    fn retry_on(&self, error: &E) -> Option<bool> {
        Some((self.0)(error))
    }
}

/// The hook of [`OperationExt::with_retry_after`].
#[derive(Debug, Clone, Copy)]
pub struct RetryAfter<P>(P);

impl<E, P: Fn(&E) -> Option<Duration> + Send + Sync> Hook<E> for RetryAfter<P> {
    fn retry_after(&self, error: &E) -> Option<Option<Duration>> {
        Some((self.0)(error))
    }
}

/// The hook of [`OperationExt::with_fallback_on`].
#[derive(Debug, Clone, Copy)]
pub struct FallbackOn<P>(P);

impl<E, P: Fn(&E) -> bool + Send + Sync> Hook<E> for FallbackOn<P> {
    fn fallback_on(&self, error: &E) -> Option<bool> {
        Some((self.0)(error))
    }
}

/// Every method, answered or forwarded: nothing that the inner operation knows is lost.
#[deny(clippy::missing_trait_methods)]
impl<T, E, O: Operation<T, E>, H: Hook<E>> Operation<T, E> for Hooked<O, H> {
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
        let answer = self.hook.retry_on(error);
        answer.unwrap_or_else(|| self.operation.retry_on(error))
    }
    fn retry_after(&self, error: &E) -> Option<Duration> {
        let answer = self.hook.retry_after(error);
        answer.unwrap_or_else(|| self.operation.retry_after(error))
    }
    fn fallback_on(&self, error: &E) -> bool {
        let answer = self.hook.fallback_on(error);
        answer.unwrap_or_else(|| self.operation.fallback_on(error))
    }
    fn cache_if(&self, value: &T) -> bool {
        self.operation.cache_if(value)
    }
    fn share_error(&self, error: &Error<E>) -> Option<SharedError> {
        self.operation.share_error(error)
    }
    fn unshare_error(&self, shared: &SharedError) -> Option<Error<E>> {
        self.operation.unshare_error(shared)
    }
}
