//! Arguments and values as bytes, absent: nothing outlives the process, so nothing is demanded and nothing made. A literal
//! that names a lasting store asks for its Cargo feature, and for no more than that.

use std::marker::PhantomData;

use opero_core::{Codec, CodecError, KeyBytes};

use super::Adapter;
use super::keys::Encoded;

pub(super) fn identity(_: &[&str]) -> u128 {
    0
}

/// Does nothing.
///
/// # Errors
/// None.
pub fn stable_argument<A: ?Sized>(_: &A, _: &mut KeyBytes) -> Result<(), CodecError> {
    Ok(())
}

/// Does nothing.
///
/// # Errors
/// None.
pub fn stable_self<A: ?Sized>(_: &A, _: &mut KeyBytes) -> Result<(), CodecError> {
    Ok(())
}

/// Does nothing.
///
/// # Errors
/// None.
pub fn stable_key<K: ?Sized>(_: &K, _: &mut KeyBytes) -> Result<(), CodecError> {
    Ok(())
}

/// Does nothing.
pub fn stable_rate_key<K: ?Sized>(_: &K, _: &mut KeyBytes) -> Encoded {
    None
}

/// Values do not become bytes.
pub const fn stable_codec<A: Adapter>(_: A) -> Option<fn() -> Codec<A::Value>> {
    None
}

/// Something that has no bytes.
#[derive(Debug)]
pub struct Probe<'a, A: ?Sized>(pub &'a A);

/// Nothing to choose from.
pub trait ProbeSerde {}

/// The only choice.
pub trait ProbeAny: Sized {
    /// It has none.
    fn append(self, out: &mut KeyBytes) -> Encoded {
        let _ = out;
        None
    }
}

impl<A: ?Sized> ProbeAny for &Probe<'_, A> {}

/// The value type `T`.
#[derive(Debug, Clone, Copy)]
pub struct Values<T>(PhantomData<fn() -> T>);

impl<T> Values<T> {
    /// The value type of `adapter`.
    pub const fn of<A: Adapter<Value = T>>(_: A) -> Self {
        Self(PhantomData)
    }
}

/// Nothing to choose from.
pub trait CodecSerde {}

/// The only choice.
pub trait CodecAny<T>: Sized {
    /// They do not become bytes.
    fn codec(self) -> Option<fn() -> Codec<T>> {
        None
    }
}

impl<T> CodecAny<T> for &Values<T> {}
