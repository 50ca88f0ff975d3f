use std::borrow::Cow;

use opero_core::{CodecError, Error};

/// How the items and results of a job are recorded, so that a later run can go on where an earlier one ended.
pub trait Recorded<I, T, E>: Send + Sync {
    /// What tells the function from every other one, in every process and build.
    fn function(&self) -> Cow<'_, str>;

    /// Appends what identifies the item: its content, and that of the arguments which all items share.
    ///
    /// # Errors
    /// Where they do not become bytes.
    fn key(&self, item: &I, out: &mut Vec<u8>) -> Result<(), CodecError>;

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
