//! How the items and results of a decorated function are recorded.

use std::borrow::Cow;

use opero_core::{Cause, CodecError, Error};
use opero_map::Recorded;

use super::job::MapJob;
use super::{Adapter, Bytes};

impl<A: Adapter, S, I, B, K, R, Out, In> MapJob<A, S, I, B, K, R, Out, In> {
    /// Do items and results have bytes?
    pub(super) fn has_records(&self) -> bool {
        self.bytes()
            .is_some_and(|bytes| bytes.record_key.is_some() && bytes.outcome.is_ok())
    }

    fn bytes(&self) -> Option<Bytes<S, I, A::Value, A::Error>> {
        self.0.answers.bytes.map(|bytes| bytes())
    }
}

impl<A, S, I, B, K, R, Out, In> Recorded<I, A::Value, A::Error>
    for MapJob<A, S, I, B, K, R, Out, In>
where
    A: Adapter,
    Self: Send + Sync,
{
    fn function(&self) -> Cow<'_, str> {
        self.0.function.path()
    }

    fn key(&self, item: &I, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let key = self.bytes().and_then(|bytes| bytes.record_key);
        key.and_then(|key| key(&self.0.shared, item, out))
            .unwrap_or_else(|| {
                Err(CodecError::new(
                    "an argument is not `Serialize`: derive it, or choose what identifies an item with `cache_key`",
                ))
            })
    }

    fn encode(
        &self,
        result: Result<&A::Value, &Error<A::Error>>,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        match self.bytes().map(|bytes| bytes.outcome) {
            Some(Ok(codec)) => codec.encode(result, out),
            _ => Err(no_bytes()),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<Result<A::Value, Error<A::Error>>, CodecError> {
        match self.bytes().map(|bytes| bytes.outcome) {
            Some(Ok(codec)) => codec.decode(bytes),
            _ => Err(no_bytes()),
        }
    }

    fn describe(&self, error: &Error<A::Error>) -> Option<String> {
        match error.cause() {
            Cause::Refused(refused) => Some(refused.to_string()),
            Cause::Function(error) => self.bytes()?.describe.map(|words| words(error)),
        }
    }
}

/// Not asked for: a run looks whether there are records first.
#[cold]
fn no_bytes() -> CodecError {
    CodecError::new("the result is not `Serialize` and `Deserialize`")
}
