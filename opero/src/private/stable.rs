//! Arguments and values as bytes: demanded where a literal names a store that needs them, with
//! messages that say what to do; otherwise taken where they are there, by method resolution.
//!
//! Without the feature `serde` nothing outlives the process, so nothing is demanded and no bytes
//! are made.

use std::marker::PhantomData;

#[cfg(feature = "serde")]
use opero_core::stable::append_key;
use opero_core::{Codec, CodecError, KeyBytes};
#[cfg(feature = "serde")]
use serde::Serialize;
#[cfg(feature = "serde")]
use serde::de::DeserializeOwned;

use super::adapter::Adapter;
use super::keys::Encoded;

/// An argument that a key in a lasting cache is made of.
#[diagnostic::on_unimplemented(
    message = "an argument of type `{Self}` is not `Serialize`, so a cache that outlives the process cannot be looked up by it",
    label = "not `Serialize`",
    note = "derive `serde::Serialize`, or choose what identifies a call with `cache_key = |…| …`, or switch the cache off with `cache = false`",
    note = "for a generic type add the bounds `Clone + serde::Serialize + Send + Sync`"
)]
pub trait StableArgument {
    /// Appends its bytes.
    ///
    /// # Errors
    /// Where it has no bytes.
    fn append_to(&self, out: &mut KeyBytes) -> Result<(), CodecError>;
}

/// A `self` that a key in a lasting cache is made of.
#[diagnostic::on_unimplemented(
    message = "`self` is part of the key of a cached method, and `{Self}` is not `Serialize`, so a cache that outlives the process cannot be looked up by it",
    label = "not `Serialize`",
    note = "write `cache_key = |prompt| (self.tenant, prompt)`, with what tells instances and calls apart; a key without `self` is shared by all instances",
    note = "or derive `serde::Serialize` for `{Self}`, or switch the cache off with `cache = false`"
)]
pub trait StableSelf {
    /// Appends its bytes.
    ///
    /// # Errors
    /// Where it has no bytes.
    fn append_to(&self, out: &mut KeyBytes) -> Result<(), CodecError>;
}

/// What a `cache_key` or a `rate_key` makes of the arguments, where other processes must make the
/// same of them.
#[diagnostic::on_unimplemented(
    message = "the key of type `{Self}` is not `Serialize`, and other processes have to find it",
    label = "this key is not `Serialize`",
    note = "return something that is `serde::Serialize`, such as a number, a `&str` or a tuple of them"
)]
pub trait StableKeyValue {
    /// Appends its bytes.
    ///
    /// # Errors
    /// Where it has no bytes.
    fn append_to(&self, out: &mut KeyBytes) -> Result<(), CodecError>;
}

macro_rules! appended {
    ($($name:ident)*) => {$(
        #[cfg(feature = "serde")]
        #[diagnostic::do_not_recommend]
        impl<A: Serialize + ?Sized> $name for A {
            fn append_to(&self, out: &mut KeyBytes) -> Result<(), CodecError> {
                append_key(self, out)
            }
        }

        #[cfg(not(feature = "serde"))]
        impl<A: ?Sized> $name for A {
            fn append_to(&self, _: &mut KeyBytes) -> Result<(), CodecError> {
                Ok(())
            }
        }
    )*};
}

appended! { StableArgument StableSelf StableKeyValue }

/// Appends an argument of a cached function.
///
/// # Errors
/// Where it has no bytes.
pub fn stable_argument<A: StableArgument + ?Sized>(
    argument: &A,
    out: &mut KeyBytes,
) -> Result<(), CodecError> {
    argument.append_to(out)
}

/// Appends the `self` of a cached method.
///
/// # Errors
/// Where it has no bytes.
pub fn stable_self<A: StableSelf + ?Sized>(own: &A, out: &mut KeyBytes) -> Result<(), CodecError> {
    own.append_to(out)
}

/// Appends what `cache_key` returned.
///
/// # Errors
/// Where it has no bytes.
pub fn stable_key<K: StableKeyValue + ?Sized>(
    key: &K,
    out: &mut KeyBytes,
) -> Result<(), CodecError> {
    key.append_to(out)
}

/// Appends what `rate_key` returned.
pub fn stable_rate_key<K: StableKeyValue + ?Sized>(key: &K, out: &mut KeyBytes) -> Encoded {
    match cfg!(feature = "serde") {
        true => Some(key.append_to(out)),
        false => None,
    }
}

/// A result that a lasting cache can keep and read again.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is the result of a cached function, and a cache that outlives the process needs `Serialize + DeserializeOwned` to keep it",
    label = "this cache cannot keep this result",
    note = "derive `serde::Serialize` and `serde::Deserialize`, or switch the cache off with `cache = false`",
    note = "for a generic type add the bounds `Clone + serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static`"
)]
pub trait StoredValue: Sized {
    /// How it becomes bytes.
    const CODEC: Option<fn() -> Codec<Self>>;
}

#[cfg(feature = "serde")]
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> StoredValue for T {
    const CODEC: Option<fn() -> Codec<Self>> = Some(Codec::postcard);
}

#[cfg(not(feature = "serde"))]
impl<T> StoredValue for T {
    const CODEC: Option<fn() -> Codec<Self>> = None;
}

/// How the values of `adapter` become bytes.
pub const fn stable_codec<A>(_: A) -> Option<fn() -> Codec<A::Value>>
where
    A: Adapter,
    A::Value: StoredValue,
{
    A::Value::CODEC
}

/// Something that may have bytes: `Probe(&argument).append(out)`.
#[derive(Debug)]
pub struct Probe<'a, A: ?Sized>(pub &'a A);

/// The first choice.
pub trait ProbeSerde: Sized {
    /// Its bytes.
    fn append(self, out: &mut KeyBytes) -> Encoded;
}

#[cfg(feature = "serde")]
impl<A: Serialize + ?Sized> ProbeSerde for Probe<'_, A> {
    fn append(self, out: &mut KeyBytes) -> Encoded {
        Some(append_key(self.0, out))
    }
}

/// The last choice.
pub trait ProbeAny: Sized {
    /// It has none.
    fn append(self, out: &mut KeyBytes) -> Encoded {
        let _ = out;
        None
    }
}

impl<A: ?Sized> ProbeAny for &Probe<'_, A> {}

/// The value type `T`, to ask for its codec: `Values::of(adapter).codec()`.
#[derive(Debug, Clone, Copy)]
pub struct Values<T>(PhantomData<fn() -> T>);

impl<T> Values<T> {
    /// The value type of `adapter`.
    pub const fn of<A: Adapter<Value = T>>(_: A) -> Self {
        Self(PhantomData)
    }
}

/// The first choice.
pub trait CodecSerde<T>: Sized {
    /// How values become bytes.
    fn codec(self) -> Option<fn() -> Codec<T>>;
}

#[cfg(feature = "serde")]
impl<T: Serialize + DeserializeOwned> CodecSerde<T> for Values<T> {
    fn codec(self) -> Option<fn() -> Codec<T>> {
        Some(Codec::postcard)
    }
}

/// The last choice.
pub trait CodecAny<T>: Sized {
    /// They do not.
    fn codec(self) -> Option<fn() -> Codec<T>> {
        None
    }
}

impl<T> CodecAny<T> for &Values<T> {}
