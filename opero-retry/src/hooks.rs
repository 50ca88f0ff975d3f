//! Predicates for the closures of [`operation`](crate::operation()). The `#[opero]` attribute and hand-written operations have
//! a [`CallPolicy`] of their own.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use opero_core::{
    Arguments, Attempt, CallPolicy, Codec, CodecError, Context, Error, Operation, Rejected,
    SharedError,
};

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
    fn with_retry_on<'p, E>(
        self,
        predicate: impl Fn(&E) -> bool + Send + Sync + 'p,
    ) -> Judged<'p, Self, E> {
        Judged {
            operation: self,
            judge: Judge::RetryOn(Box::new(predicate)),
        }
    }

    /// How long the other side asked to wait, read from the error; it wins over the backoff.
    fn with_retry_after<'p, E>(
        self,
        hint: impl Fn(&E) -> Option<Duration> + Send + Sync + 'p,
    ) -> Judged<'p, Self, E> {
        Judged {
            operation: self,
            judge: Judge::RetryAfter(Box::new(hint)),
        }
    }

    /// How a stage's rejection looks to the three others: so they decide on a timeout, on a rejection of a stage of yours and on a
    /// crash too. Without it those are tried again, with the next value and after a delay.
    ///
    /// ```
    /// use opero_retry::{OperationExt, Rejected, Retry, RetryPolicy, Stage, operation};
    ///
    /// let call = operation(|_| async { Err::<(), _>(String::from("busy")) })
    ///     .with_retry_on(|error: &String| error == "busy")
    ///     .with_rejected_as(|rejected: &Rejected| rejected.to_string());
    /// let retry = Retry::new(RetryPolicy::default().with_retries(1))?;
    /// assert_eq!(retry.execute_sync(&call).unwrap_err().attempts(), 2);
    /// # Ok::<(), opero_retry::ConfigError>(())
    /// ```
    fn with_rejected_as<'p, E>(
        self,
        error: impl Fn(&Rejected) -> E + Send + Sync + 'p,
    ) -> Judged<'p, Self, E> {
        Judged {
            operation: self,
            judge: Judge::RejectedAs(Box::new(error)),
        }
    }

    /// Only errors that `predicate` holds for are worth the next fallback value.
    fn with_fallback_on<'p, E>(
        self,
        predicate: impl Fn(&E) -> bool + Send + Sync + 'p,
    ) -> Judged<'p, Self, E> {
        Judged {
            operation: self,
            judge: Judge::FallbackOn(Box::new(predicate)),
        }
    }
}

impl<O> OperationExt for O {}

/// An operation with one predicate of its own, from [`OperationExt`]; the rest of its policy is the inner one's.
pub struct Judged<'p, O, E> {
    operation: O,
    judge: Judge<'p, E>,
}

/// What is asked of an error.
type Question<'p, E, R> = Box<dyn Fn(&E) -> R + Send + Sync + 'p>;

enum Judge<'p, E> {
    RetryOn(Question<'p, E, bool>),
    RetryAfter(Question<'p, E, Option<Duration>>),
    FallbackOn(Question<'p, E, bool>),
    RejectedAs(Question<'p, Rejected, E>),
}

impl<O: fmt::Debug, E> fmt::Debug for Judged<'_, O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judged")
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T, E, O: Operation<T, E>> Operation<T, E> for Judged<'_, O, E> {
    fn attempt(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        self.operation.attempt(cx, attempt)
    }

    fn arguments(&self) -> &dyn Arguments {
        self.operation.arguments()
    }

    fn policy(&self) -> &dyn CallPolicy<T, E> {
        self
    }
}

/// Every method, answered or forwarded: nothing that the inner policy says is lost.
#[deny(clippy::missing_trait_methods)]
impl<T, E, O: Operation<T, E>> CallPolicy<T, E> for Judged<'_, O, E> {
    fn retry_on(&self, error: &E) -> bool {
        match &self.judge {
            Judge::RetryOn(predicate) => predicate(error),
            _ => self.operation.policy().retry_on(error),
        }
    }

    fn retry_after(&self, error: &E) -> Option<Duration> {
        match &self.judge {
            Judge::RetryAfter(hint) => hint(error),
            _ => self.operation.policy().retry_after(error),
        }
    }

    fn fallback_on(&self, error: &E) -> bool {
        match &self.judge {
            Judge::FallbackOn(predicate) => predicate(error),
            _ => self.operation.policy().fallback_on(error),
        }
    }

    fn as_error(&self, rejected: &Rejected) -> Option<E> {
        match &self.judge {
            Judge::RejectedAs(error) => Some(error(rejected)),
            _ => self.operation.policy().as_error(rejected),
        }
    }

    fn cache_if(&self, value: &T) -> bool {
        self.operation.policy().cache_if(value)
    }

    fn codec(&self) -> Option<Codec<T>> {
        self.operation.policy().codec()
    }

    fn share_error(&self, error: &Error<E>) -> Option<SharedError> {
        self.operation.policy().share_error(error)
    }

    fn unshare_error(&self, shared: &SharedError) -> Option<Error<E>> {
        self.operation.policy().unshare_error(shared)
    }

    fn decode_outcome(&self, bytes: &[u8]) -> Result<Result<T, Error<E>>, CodecError> {
        self.operation.policy().decode_outcome(bytes)
    }
}
