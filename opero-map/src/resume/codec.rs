use std::borrow::Cow;

use opero_core::{CodecError, ConfigError, Error, KeyBytes};

/// Encodes the items and results of a job as records of a journal, and decodes them in a later run.
pub trait RecordCodec<I, T, E>: Send + Sync {
    /// Returns a name that identifies the function in every process and build. It is unused where
    /// the run has a `resume_name`.
    ///
    /// # Errors
    /// Where another function in the program has the same name.
    fn function(&self) -> Result<Cow<'_, str>, ConfigError>;

    /// Checks that [`function`](Self::function) and the items' keys together tell instances of a
    /// generic function apart. It is not called where the run has a `resume_name`.
    ///
    /// # Errors
    /// Where they do not: then items run, and nothing is recorded.
    fn is_known_by_name(&self) -> Result<(), CodecError> {
        Ok(())
    }

    /// Appends the bytes that identify an item: its content, and the arguments that all items
    /// share.
    ///
    /// # Errors
    /// Where they cannot be encoded.
    fn key(&self, item: &I, out: &mut KeyBytes) -> Result<(), CodecError>;

    /// Appends the bytes of a result.
    ///
    /// # Errors
    /// Where it cannot be encoded.
    fn encode(&self, result: Result<&T, &Error<E>>, out: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Decodes a result.
    ///
    /// # Errors
    /// Where the bytes are not those of a result.
    fn decode(&self, bytes: &[u8]) -> Result<Result<T, Error<E>>, CodecError>;

    /// Returns the schema fingerprint of value and error, which changes where old bytes would be
    /// read as something else: see `OutcomeCodec::shape` of opero-core. 0 where it is unknown.
    fn shape(&self) -> u64 {
        0
    }

    /// Returns the error as text for readers of the journal; `None` where it has none.
    fn describe(&self, error: &Error<E>) -> Option<String>;
}
