//! Operations whose arguments become bytes.

use std::fmt;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::append_key;
use crate::operation::{Encodes, Identity, Stable};
use crate::{Codec, CodecError, Key, KeyBytes, KeyHasher};

impl<A: Serialize + Sync + ?Sized> Identity for Stable<'_, A> {
    /// For a cache within the process, where such a call meets one: a hash of the same bytes, and of the closure's type as
    /// for every other call there.
    fn key<F>(&self) -> Option<Key> {
        let mut bytes = KeyBytes::new();
        self.write(&mut bytes).ok()?;
        let mut hasher = KeyHasher::new::<F>();
        bytes.as_bytes().hash(&mut hasher);
        Some(hasher.key())
    }

    fn stable_key(&self, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        Some(self.write(out))
    }
}

impl<T: Serialize + DeserializeOwned, A: ?Sized> Encodes<T> for Stable<'_, A> {
    fn codec(&self) -> Option<Codec<T>> {
        Some(Codec::postcard())
    }
}

impl<A: Serialize + ?Sized> Stable<'_, A> {
    fn write(&self, out: &mut KeyBytes) -> Result<(), CodecError> {
        append_name(self.name, out);
        append_key(self.args, out)
    }
}

/// Without the arguments: they may hold secrets.
impl<A: ?Sized> fmt::Debug for Stable<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stable")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Appends a name with its length before it, so that what follows cannot be taken for a part of it.
pub fn append_name(name: &str, out: &mut KeyBytes) {
    out.push(&(name.len() as u64).to_le_bytes());
    out.push(name.as_bytes());
}
