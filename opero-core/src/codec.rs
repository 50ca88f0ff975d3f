//! Values as bytes, for backends that outlive the process.

use std::fmt;

/// How values of the type `T` become bytes and come back.
///
/// It belongs to the operation, like the predicates: so stages are not generic over serialization, and only functions
/// whose backend keeps bytes demand it of their types. [`Codec::postcard`] (feature `stable`) is the one that opero uses.
pub struct Codec<T> {
    type_name: &'static str,
    schema: fn() -> u64,
    encode: fn(&T, &mut Vec<u8>) -> Result<(), CodecError>,
    decode: fn(&[u8]) -> Result<T, CodecError>,
}

impl<T> Codec<T> {
    /// A codec that appends a value's bytes, and reads a value from all of its bytes.
    ///
    /// `type_name` tells types apart whose bytes would read as each other's. A type that changes needs a
    /// [`with_schema`](Self::with_schema) beside it, or bytes that tell.
    pub const fn new(
        type_name: &'static str,
        encode: fn(&T, &mut Vec<u8>) -> Result<(), CodecError>,
        decode: fn(&[u8]) -> Result<T, CodecError>,
    ) -> Self {
        Self {
            type_name,
            schema: || 0,
            encode,
            decode,
        }
    }

    /// The name of the type, as the program spells it.
    pub const fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// Adds a schema fingerprint: a number that changes where the type does, so that bytes of the type as it was are not read. It
    /// is asked for at each look and each store, and must be cheap.
    #[must_use]
    pub const fn with_schema(mut self, schema: fn() -> u64) -> Self {
        self.schema = schema;
        self
    }

    /// The schema fingerprint of the type; 0 where there is none.
    pub fn schema(&self) -> u64 {
        (self.schema)()
    }

    /// Appends the bytes of `value` to `out`.
    ///
    /// # Errors
    /// The value's own rejection, such as a sequence of unknown length. `out` may then hold a part of it.
    pub fn encode(&self, value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
        (self.encode)(value, out)
    }

    /// The value whose bytes these are.
    ///
    /// # Errors
    /// Where they are not those of a value, or more than that.
    pub fn decode(&self, bytes: &[u8]) -> Result<T, CodecError> {
        (self.decode)(bytes)
    }
}

impl<T> Clone for Codec<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Codec<T> {}

impl<T> fmt::Debug for Codec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec")
            .field("type_name", &self.type_name)
            .finish_non_exhaustive()
    }
}

/// A value or an argument did not become bytes, or bytes not a value. The message holds nothing of either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecError(String);

impl CodecError {
    /// An error of that description, which must hold nothing of the value.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CodecError {}
