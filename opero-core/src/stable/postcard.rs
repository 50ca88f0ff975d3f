//! Arguments and values in the postcard format, which is specified and stable since its version 1.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Codec, CodecError};

impl<T: Serialize + DeserializeOwned> Codec<T> {
    /// The [postcard](https://postcard.jamesmunns.com/wire-format) encoding: compact, and not self-describing. A type whose
    /// fields change may read old bytes as something else, so a store is told the type's name too, and after such a
    /// change a new `cache_namespace` keeps old and new apart.
    ///
    /// ```
    /// use opero_core::Codec;
    ///
    /// let codec = Codec::<(u8, String)>::postcard();
    /// let mut bytes = Vec::new();
    /// codec.encode(&(7, "seven".to_owned()), &mut bytes)?;
    /// assert_eq!(codec.decode(&bytes)?, (7, "seven".to_owned()));
    /// assert!(codec.decode(&bytes[1..]).is_err());
    /// # Ok::<_, opero_core::CodecError>(())
    /// ```
    pub fn postcard() -> Self {
        Self::new(std::any::type_name::<T>(), append::<T>, whole::<T>)
    }
}

/// Appends the bytes of `value` to `out`.
///
/// # Errors
/// Where the value's own `Serialize` refuses, or it holds a sequence whose length nobody knows beforehand.
pub fn append<V: Serialize + ?Sized>(value: &V, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let taken = std::mem::take(out);
    *out = ::postcard::to_extend(value, taken).map_err(|error| unreadable(&error))?;
    Ok(())
}

fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    match ::postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(CodecError::new("there is more than a value")),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Postcard's errors are fixed texts; messages of a type's own, which may quote a value, it does not keep.
fn unreadable(error: &::postcard::Error) -> CodecError {
    CodecError::new(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_that_refuses_is_an_error_without_the_value() {
        struct Secretive;
        impl Serialize for Secretive {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("s3cret"))
            }
        }
        let error = append(&Secretive, &mut Vec::new()).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    proptest! {
        #[test]
        fn what_was_appended_comes_back(before: Vec<u8>, value: (String, Vec<Option<i64>>, char)) {
            let mut bytes = before.clone();
            append(&value, &mut bytes).unwrap();
            prop_assert!(bytes.starts_with(&before));
            let codec = Codec::<(String, Vec<Option<i64>>, char)>::postcard();
            prop_assert_eq!(codec.decode(&bytes[before.len()..]).unwrap(), value);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Codec::<(String, Vec<Option<i64>>, char)>::postcard().decode(&bytes);
        }
    }
}
