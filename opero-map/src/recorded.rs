use std::borrow::Cow;

use opero_core::{CodecError, ConfigError, Error, KeyBytes};

/// How the items and results of a job are recorded, so that a later run can go on where an earlier one ended.
pub trait Recorded<I, T, E>: Send + Sync {
    /// What tells the function from every other one, in every process and build. Not asked where the run has a `resume_name`.
    ///
    /// # Errors
    /// Where another function in the program is called the same.
    fn function(&self) -> Result<Cow<'_, str>, ConfigError>;

    /// Whether [`function`](Self::function) tells instances of a generic function apart, together with the items' keys. Not asked
    /// where the run has a `resume_name`.
    ///
    /// # Errors
    /// Where it does not: then items run, and nothing is recorded.
    fn is_known_by_name(&self) -> Result<(), CodecError> {
        Ok(())
    }

    /// Appends what identifies the item: its content, and that of the arguments which all items share.
    ///
    /// # Errors
    /// Where they do not become bytes.
    fn key(&self, item: &I, out: &mut KeyBytes) -> Result<(), CodecError>;

    /// Appends the bytes of a result.
    ///
    /// # Errors
    /// Where it does not become bytes.
    fn encode(&self, result: Result<&T, &Error<E>>, out: &mut Vec<u8>) -> Result<(), CodecError>;

    /// The result whose bytes these are.
    ///
    /// # Errors
    /// Where they are not those of a result.
    fn decode(&self, bytes: &[u8]) -> Result<Result<T, Error<E>>, CodecError>;

    /// A number that changes where value or error look otherwise, so that old bytes would be read as something else: see
    /// `OutcomeCodec::shape` of opero-core. 0 where nobody knows.
    fn shape(&self) -> u64 {
        0
    }

    /// The error in words, for whoever reads the records; `None` where it has none.
    fn describe(&self, error: &Error<E>) -> Option<String>;
}
