//! What the attribute's predicates answer to the stages' questions.

use std::fmt;
use std::time::Duration;

use opero_core::{Codec, Key};

use super::bytes::Bytes;
use super::keys::Encode;
use super::sharing::Sharing;

/// The answers of a function with shared arguments `S` and an item `I` (`()` outside a map), value `T` and error `E`.
///
/// Function pointers: they are called after a failure or before a store, and they make every closure that captures
/// something a type error at its place.
pub struct Answers<S, I, T, E> {
    /// The number of fallback values; one where there is no such parameter.
    pub alternatives: Option<fn(&S) -> usize>,
    /// `rate_key`.
    pub rate_key: Option<fn(&S, &I) -> Key>,
    /// `rate_key`, as bytes.
    pub stable_rate_key: Option<Encode<S, I>>,
    /// `rate_cost`.
    pub rate_cost: Option<fn(&S, &I) -> u32>,
    /// `retry_on`.
    pub retry_on: Option<fn(&E) -> bool>,
    /// `retry_after`.
    pub retry_after: Option<fn(&E) -> Option<Duration>>,
    /// `fallback_on`.
    pub fallback_on: Option<fn(&E) -> bool>,
    /// `cache_if`.
    pub cache_if: Option<fn(&T) -> bool>,
    /// How a failed call shares its error with those who waited for it.
    pub sharing: Option<Sharing<E>>,
    /// How values become bytes.
    pub codec: Option<fn() -> Codec<T>>,
    /// What passes between processes or is recorded, in a map. One pointer: every call carries it.
    pub bytes: Option<MakeBytes<S, I, T, E>>,
}

/// Says what of a function's calls becomes bytes.
pub(super) type MakeBytes<S, I, T, E> = fn() -> Bytes<S, I, T, E>;

impl<S, I, T, E> Answers<S, I, T, E> {
    /// What the stages assume by themselves.
    pub const DEFAULT: Self = Self {
        alternatives: None,
        rate_key: None,
        stable_rate_key: None,
        rate_cost: None,
        retry_on: None,
        retry_after: None,
        fallback_on: None,
        cache_if: None,
        sharing: None,
        codec: None,
        bytes: None,
    };
}

impl<S, I, T, E> fmt::Debug for Answers<S, I, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").finish_non_exhaustive()
    }
}
