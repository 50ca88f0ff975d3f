//! How a call with owned arguments is identified: by a hash of them, or by a name and their bytes.

use std::hash::Hash;

use opero_core::{Arguments, Codec, CodecError, Key, KeyBytes, operation};

/// How arguments identify a call.
pub trait OwnedIdentity<A>: Copy + Send + Sync + 'static {
    /// What the computation is called in every process, if anything.
    #[cfg(feature = "serde")]
    fn name(&self) -> Option<&'static str>;

    /// The key in this process; `own` is what the user's `cache_key` made of the arguments.
    fn key<F: Send + Sync>(&self, function: &F, args: &A, own: Option<Key>) -> Option<Key>;

    /// The key in every process, without a `cache_key` of the user's.
    fn stable_key(&self, args: &A, out: &mut KeyBytes) -> Option<Result<(), CodecError>>;
}

/// How the values of a call that is identified so become bytes.
pub trait OwnedValue<T> {
    /// The codec.
    fn codec(&self) -> Option<Codec<T>>;
}

/// By a hash, in this process.
#[derive(Clone, Copy, Debug)]
pub struct ByHash;

impl<A: Hash + Send + Sync> OwnedIdentity<A> for ByHash {
    #[cfg(feature = "serde")]
    fn name(&self) -> Option<&'static str> {
        None
    }

    fn key<F: Send + Sync>(&self, function: &F, args: &A, own: Option<Key>) -> Option<Key> {
        match own {
            Some(key) => operation(function).keyed(&key).key(),
            None => operation(function).keyed(args).key(),
        }
    }

    fn stable_key(&self, _: &A, _: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        None
    }
}

impl<T> OwnedValue<T> for ByHash {
    fn codec(&self) -> Option<Codec<T>> {
        None
    }
}

/// By a name and their bytes, in every process.
#[cfg(feature = "serde")]
#[derive(Clone, Copy, Debug)]
pub struct ByName(pub(super) &'static str);

#[cfg(feature = "serde")]
impl<A: serde::Serialize + Send + Sync> OwnedIdentity<A> for ByName {
    fn name(&self) -> Option<&'static str> {
        Some(self.0)
    }

    fn key<F: Send + Sync>(&self, function: &F, args: &A, own: Option<Key>) -> Option<Key> {
        match own {
            Some(key) => operation(function).keyed(&(self.0, key)).key(),
            None => operation(function).stable(self.0, args).key(),
        }
    }

    fn stable_key(&self, args: &A, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        operation(()).stable(self.0, args).stable_key(out)
    }
}

#[cfg(feature = "serde")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> OwnedValue<T> for ByName {
    fn codec(&self) -> Option<Codec<T>> {
        Some(Codec::postcard())
    }
}
