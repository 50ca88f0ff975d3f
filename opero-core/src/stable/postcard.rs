//! Arguments and values in the postcard format, which is specified and stable since its version 1.

use ::postcard::ser_flavors::Flavor;
use ::postcard::{Error, Serializer};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::shape::known_shape;
use super::whole::Whole;
use crate::{Codec, CodecError};

impl<T: Serialize + DeserializeOwned> Codec<T> {
    /// The [postcard](https://postcard.jamesmunns.com/wire-format) encoding: compact, and not self-describing. Bytes of a type
    /// before its fields changed would read as something else, so a store is told the type's name and its schema
    /// fingerprint ([`shape`](crate::stable::shape)). What that cannot show is a change of meaning alone, such as a field that counts
    /// cents instead of euros: then a new `cache_namespace` keeps old and new apart. A type that leaves fields out (`skip_serializing_if`) is an
    /// error, and one that asks the bytes what they are (`serde_json::Value`, `untagged`, `tag`, `flatten`) does not read back.
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
        Self::new(std::any::type_name::<T>(), append::<T>, read::<T>).with_schema(known_shape::<T>)
    }
}

/// Appends the bytes of `value` to `out`.
///
/// # Errors
/// Where the value's own `Serialize` fails, it holds a sequence whose length is not known beforehand, or one of its types
/// leaves a field out (`skip_serializing_if`), which the format cannot say. `out` is then as it was.
pub fn append<V: Serialize + ?Sized>(value: &V, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let before = out.len();
    let mut serializer = Serializer {
        output: Appending(out),
    };
    let appended = value.serialize(Whole(&mut serializer));
    appended.map_err(|error| {
        out.truncate(before);
        match error {
            // A type's own words are not kept; this is what they stand for, most of the time.
            Error::SerdeSerCustom => CodecError::new(
                "a type failed, or leaves a field out (`skip_serializing_if`), which cannot be read back",
            ),
            other => unreadable(&other),
        }
    })
}

/// Bytes behind others.
struct Appending<'o>(&'o mut Vec<u8>);

impl Flavor for Appending<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> Result<(), Error> {
        self.0.push(byte);
        Ok(())
    }
    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
    fn finalize(self) -> Result<(), Error> {
        Ok(())
    }
}

/// Takes a value from the front of `bytes`: what [`append`] put there, one value after another.
///
/// ```
/// use opero_core::stable::{append, take};
///
/// let mut bytes = Vec::new();
/// append("seven", &mut bytes)?;
/// append(&7_u32, &mut bytes)?;
/// let mut rest = &bytes[..];
/// assert_eq!(take::<String>(&mut rest)?, "seven");
/// assert_eq!(take::<u32>(&mut rest)?, 7);
/// assert!(rest.is_empty());
/// # Ok::<_, opero_core::CodecError>(())
/// ```
///
/// # Errors
/// Where they do not begin with those of a value. `bytes` is then as it was.
pub fn take<T: DeserializeOwned>(bytes: &mut &[u8]) -> Result<T, CodecError> {
    let (value, rest) = ::postcard::take_from_bytes(bytes).map_err(|error| unreadable(&error))?;
    *bytes = rest;
    Ok(value)
}

/// The value whose bytes these are, all of them.
///
/// # Errors
/// Where they are not those of a value, or more than that.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut rest = bytes;
    match (take(&mut rest)?, rest) {
        (value, []) => Ok(value),
        _ => Err(CodecError::new("there is more than a value")),
    }
}

/// Postcard's errors are fixed texts; messages of a type's own, which may quote a value, it does not keep. What follows from the
/// choice of a type is said in its user's words.
fn unreadable(error: &Error) -> CodecError {
    match error {
        Error::WontImplement => CodecError::new(
            "one of its types asks the bytes what they are (`serde_json::Value`, `untagged`, `tag`, `flatten`), and these do not \
             say: use a `String`, or a type of your own without that",
        ),
        Error::SerializeSeqLengthUnknown => CodecError::new(
            "one of its types does not say beforehand how much it holds (`flatten`, a sequence of unknown length): use a `Vec`, or \
             a type of your own without that",
        ),
        other => CodecError::new(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_that_rejects_is_an_error_without_the_value() {
        struct Secretive;
        impl Serialize for Secretive {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("s3cret"))
            }
        }
        let error = append(&Secretive, &mut Vec::new()).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[derive(Debug, Serialize, serde::Deserialize)]
    enum Sparse {
        Named {
            #[serde(skip_serializing_if = "Option::is_none")]
            first: Option<u8>,
            last: u8,
        },
    }

    #[test]
    fn a_field_that_is_left_out_is_an_error_and_nothing_is_appended() {
        let sparse = |first| vec![Some(Sparse::Named { first, last: 9 })];
        let mut bytes = vec![1];
        assert!(append(&sparse(Some(7)), &mut bytes).is_ok());
        let before = bytes.clone();
        let error = append(&sparse(None), &mut bytes).unwrap_err();
        assert!(error.to_string().contains("skip_serializing_if"), "{error}");
        assert_eq!(bytes, before);
    }

    /// What either way of a value through bytes says.
    fn rejection<T: Serialize + DeserializeOwned>(value: &T) -> String {
        let codec = Codec::<T>::postcard();
        let mut bytes = Vec::new();
        let passed = codec.encode(value, &mut bytes);
        let passed = passed.and_then(|()| codec.decode(&bytes).map(drop));
        passed.unwrap_err().to_string()
    }

    #[derive(Debug, Serialize, serde::Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
    }

    #[derive(Debug, Serialize, serde::Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Number { number: u64 },
    }

    #[derive(Debug, Serialize, serde::Deserialize)]
    struct Flat {
        #[serde(flatten)]
        rest: std::collections::BTreeMap<String, u64>,
    }

    #[test]
    fn a_type_that_asks_the_bytes_what_they_are_is_told_how_it_could_pass() {
        let rejections = [
            (
                "serde_json::Value",
                rejection(&serde_json::json!({ "a": 7 })),
            ),
            ("untagged", rejection(&Either::Number(7))),
            ("tag", rejection(&Tagged::Number { number: 7 })),
            (
                "flatten",
                rejection(&Flat {
                    rest: [("a".to_owned(), 7)].into(),
                }),
            ),
        ];
        for (name, rejection) in rejections {
            assert!(
                rejection.contains(&format!("`{name}`")),
                "{name}: {rejection}"
            );
            assert!(
                rejection.contains("a type of your own"),
                "{name}: {rejection}"
            );
        }
    }

    proptest! {
        #[test]
        fn bytes_are_those_of_postcard(value: (String, Vec<Option<i64>>, char, std::collections::BTreeMap<u8, (f64, bool)>)) {
            let mut bytes = Vec::new();
            append(&value, &mut bytes).unwrap();
            prop_assert_eq!(bytes, ::postcard::to_stdvec(&value).unwrap());
        }

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
