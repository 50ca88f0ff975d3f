//! The call policy: what the attribute's predicates and keys answer to the stages, and how a failed
//! call shares its error.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use opero_core::{
    Attempt, CallPolicy, Codec, CodecError, Error, Key, KeyBytes, Rejected, SharedError,
};

use super::adapter::Adapter;
use super::bytes::{MakeBytes, OutcomeBytes};
use super::keys::{EncodeAttempt, Encoded};
use crate::fast_path::Needs;

/// The policy functions of a function with shared arguments `S` and an item `I` (`()` outside a
/// map), value `T` and error `E`.
///
/// Function pointers: they are called after a failure or before a store, and they make every
/// closure that captures something a type error at its place. A function makes them anew where a
/// stage asks, so that a call does not carry them.
pub struct PolicyFunctions<S, I, T, E> {
    /// The number of fallback values; one where there is no such parameter.
    pub fallback_values: Option<fn(&S) -> usize>,
    /// `rate_key`.
    pub rate_key: Option<fn(&S, &I, Attempt) -> Key>,
    /// `rate_key`, as bytes.
    pub stable_rate_key: Option<EncodeAttempt<S, I>>,
    /// `rate_cost`.
    pub rate_cost: Option<fn(&S, &I, Attempt) -> u32>,
    /// `retry_on`.
    pub retry_on: Option<fn(&E) -> bool>,
    /// `retry_after`.
    pub retry_after: Option<fn(&E) -> Option<Duration>>,
    /// `fallback_on`.
    pub fallback_on: Option<fn(&E) -> bool>,
    /// How the three above see a rejection.
    pub rejected_as: Option<fn(Rejected) -> E>,
    /// `cache_if`.
    pub cache_if: Option<fn(&T) -> bool>,
    /// How a failed call shares its error with those who waited for it.
    pub sharing: Option<Sharing<E>>,
    /// How values become bytes.
    pub codec: Option<fn() -> Codec<T>>,
    /// What passes between processes or is recorded, in a map.
    pub bytes: Option<MakeBytes<S, I, T, E>>,
}

impl<S, I, T, E> PolicyFunctions<S, I, T, E> {
    /// What the stages assume by themselves.
    pub const DEFAULT: Self = Self {
        fallback_values: None,
        rate_key: None,
        stable_rate_key: None,
        rate_cost: None,
        retry_on: None,
        retry_after: None,
        fallback_on: None,
        rejected_as: None,
        cache_if: None,
        sharing: None,
        codec: None,
        bytes: None,
    };

    /// Those about values and errors.
    #[inline]
    pub(super) fn policy(self) -> Policy<T, E> {
        Policy {
            retry_on: self.retry_on,
            retry_after: self.retry_after,
            fallback_on: self.fallback_on,
            rejected_as: self.rejected_as,
            cache_if: self.cache_if,
            sharing: self.sharing,
            codec: self.codec,
            outcome: OutcomeBytes::of(self.bytes),
        }
    }
}

/// Makes the policy of a call.
pub trait MakePolicy<S, I, T, E>: Send + Sync {
    /// What an attempt needs.
    fn needs(&self, shared: &S, item: &I, attempt: Attempt) -> Needs;

    /// Returns the policy for values and errors.
    fn policy(&self) -> Policy<T, E>;

    /// `rate_key`, as bytes.
    fn stable_rate_key(&self, _: &S, _: &I, _: Attempt, _: &mut KeyBytes) -> Encoded {
        None
    }

    /// What passes between processes or is recorded.
    fn bytes(&self) -> Option<MakeBytes<S, I, T, E>> {
        None
    }
}

impl<S, I, T, E, C: Fn() -> PolicyFunctions<S, I, T, E> + Send + Sync> MakePolicy<S, I, T, E>
    for C
{
    #[inline]
    #[allow(clippy::manual_map)] // A closure is one more function to compile for each of the user's.
    fn needs(&self, shared: &S, item: &I, attempt: Attempt) -> Needs {
        let policy = self();
        let fallback_values = match policy.fallback_values {
            Some(count) => count(shared),
            None => 1,
        };
        // An empty list has no value to make a key of.
        let has_values = fallback_values > 0;
        Needs {
            fallback_values,
            cost: match policy.rate_cost {
                Some(cost) if has_values => cost(shared, item, attempt),
                _ => 1,
            },
            rate_key: match policy.rate_key {
                Some(key) if has_values => Some(key(shared, item, attempt)),
                _ => None,
            },
            has_shared_key: policy.stable_rate_key.is_some(),
        }
    }

    #[inline]
    fn policy(&self) -> Policy<T, E> {
        self().policy()
    }

    fn stable_rate_key(
        &self,
        shared: &S,
        item: &I,
        attempt: Attempt,
        out: &mut KeyBytes,
    ) -> Encoded {
        let policy = self();
        if policy
            .fallback_values
            .is_some_and(|count| count(shared) == 0)
        {
            return None;
        }
        policy.stable_rate_key?(shared, item, attempt, out)
    }

    #[inline]
    fn bytes(&self) -> Option<MakeBytes<S, I, T, E>> {
        self().bytes
    }
}

/// The policy of a function whose parameters set none. Most functions have this one; it is less to
/// compile than a closure. `W` shares errors with the callers that wait for them.
#[derive(Debug, Clone, Copy)]
pub struct DefaultPolicy<W>(
    /// How.
    pub W,
);

impl<S, I, T, E, W: ShareErrors<E>> MakePolicy<S, I, T, E> for DefaultPolicy<W> {
    #[inline]
    fn needs(&self, _: &S, _: &I, _: Attempt) -> Needs {
        Needs {
            fallback_values: 1,
            cost: 1,
            rate_key: None,
            has_shared_key: false,
        }
    }

    #[inline]
    fn policy(&self) -> Policy<T, E> {
        Policy {
            sharing: self.0.sharing(),
            ..PolicyFunctions::<S, I, T, E>::DEFAULT.policy()
        }
    }
}

impl<S, I, T, E> fmt::Debug for PolicyFunctions<S, I, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyFunctions").finish_non_exhaustive()
    }
}

/// The policy for values and errors: one type for each pair of those, not for each function.
pub struct Policy<T, E> {
    retry_on: Option<fn(&E) -> bool>,
    retry_after: Option<fn(&E) -> Option<Duration>>,
    fallback_on: Option<fn(&E) -> bool>,
    rejected_as: Option<fn(Rejected) -> E>,
    cache_if: Option<fn(&T) -> bool>,
    sharing: Option<Sharing<E>>,
    codec: Option<fn() -> Codec<T>>,
    outcome: OutcomeBytes<T, E>,
}

#[deny(clippy::missing_trait_methods)]
impl<T, E> CallPolicy<T, E> for Policy<T, E> {
    fn retry_on(&self, error: &E) -> bool {
        self.retry_on.is_none_or(|on| on(error))
    }

    fn retry_after(&self, error: &E) -> Option<Duration> {
        (self.retry_after?)(error)
    }

    fn fallback_on(&self, error: &E) -> bool {
        self.fallback_on.is_none_or(|on| on(error))
    }

    fn as_error(&self, rejected: &Rejected) -> Option<E> {
        Some((self.rejected_as?)(rejected.clone()))
    }

    fn cache_if(&self, value: &T) -> bool {
        self.cache_if.is_none_or(|keep| keep(value))
    }

    fn codec(&self) -> Option<Codec<T>> {
        Some((self.codec?)())
    }

    fn share_error(&self, error: &Error<E>) -> Option<SharedError> {
        Some((self.sharing.as_ref()?.share)(error))
    }

    fn unshare_error(&self, shared: &SharedError) -> Option<Error<E>> {
        (self.sharing.as_ref()?.unshare)(shared)
    }

    fn decode_outcome(&self, bytes: &[u8]) -> Result<Result<T, Error<E>>, CodecError> {
        self.outcome.decode(bytes)
    }
}

impl<T, E> fmt::Debug for Policy<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").finish_non_exhaustive()
    }
}

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
