//! How the items and results of a decorated function are recorded.

use std::borrow::Cow;

use opero_core::{Arguments, Background, Cause, CodecError, ConfigError, Error, Key, KeyBytes};
use opero_map::RecordCodec;

use super::instance::Instance;
use super::job::MapJob;
use super::keys::{Encoded, MakeKey};
use super::recipe::{Callee, Failure, Recipe, Value};
use super::{Adapter, Lack};

/// The key of a call in a cache, and a closure that makes bytes of what identifies an item in a record.
#[derive(Debug, Clone, Copy)]
pub struct Journaled<K, G> {
    key: K,
    record: G,
}

impl<S, I, K, G> MakeKey<S, I> for Journaled<K, G>
where
    K: MakeKey<S, I>,
    G: Fn(&S, &I, &mut KeyBytes) -> Encoded + Send + Sync,
{
    type Route = K::Route;
    const RECORDS: bool = true;

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn make<B>(&self, shared: &S, item: &I) -> Option<Key> {
        self.key.make::<B>(shared, item)
    }

    fn arguments<W: Arguments>(whole: &W) -> Option<&dyn Arguments> {
        K::arguments(whole)
    }

    fn make_stable(&self, instance: Instance, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        self.key.make_stable(instance, shared, item, out)
    }

    fn make_record(&self, shared: &S, item: &I, out: &mut KeyBytes) -> Encoded {
        (self.record)(shared, item, out)
    }

    fn in_background(&self, shared: &S, item: &I) -> Option<Background> {
        self.key.in_background(shared, item)
    }
}

impl<A: Adapter, S, I, B, K, Out, In, C> Recipe<A, S, I, B, K, Out, In, C> {
    /// Items are told apart by `record` where they are recorded.
    #[inline]
    pub fn journaled<G>(self, record: G) -> Recipe<A, S, I, B, Journaled<K, G>, Out, In, C>
    where
        G: Fn(&S, &I, &mut KeyBytes) -> Encoded + Send + Sync,
    {
        self.map_key(|key| Journaled { key, record })
    }
}

impl<P: Callee> MapJob<P> {
    /// Why its runs are not recorded, if they are not.
    pub(super) fn lacks_records(&self) -> Option<Lack> {
        match self.0.bytes() {
            Some(bytes) if P::RECORDS => bytes.outcome.err(),
            _ => Some(Lack::Asked),
        }
    }
}

impl<P: Callee> RecordCodec<P::Item, Value<P>, Failure<P>> for MapJob<P> {
    fn function(&self) -> Result<Cow<'_, str>, ConfigError> {
        let function = self.0.function();
        let way_out = "give one of them another name, or each a `resume_name`";
        function.is_the_only_one("resume_name", way_out, |_| true)?;
        Ok(function.name().into())
    }

    fn is_known_by_name(&self) -> Result<(), CodecError> {
        self.0.instance().check().map(drop)
    }

    fn key(&self, item: &P::Item, out: &mut KeyBytes) -> Result<(), CodecError> {
        self.0.record_key(item, out).unwrap_or_else(|| {
            Err(CodecError::new(
                "an argument is not `Serialize`: derive it, or choose what identifies an item with `cache_key`",
            ))
        })
    }

    fn encode(
        &self,
        result: Result<&Value<P>, &Error<Failure<P>>>,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        match self.0.bytes().map(|bytes| bytes.outcome) {
            Some(Ok(codec)) => codec.encode(result, out),
            _ => Err(no_bytes()),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Result<Result<Value<P>, Error<Failure<P>>>, CodecError> {
        match self.0.bytes().map(|bytes| bytes.outcome) {
            Some(Ok(codec)) => codec.decode(bytes),
            _ => Err(no_bytes()),
        }
    }

    fn shape(&self) -> u64 {
        match self.0.bytes().map(|bytes| bytes.outcome) {
            Some(Ok(codec)) => codec.shape(),
            _ => 0,
        }
    }

    fn describe(&self, error: &Error<Failure<P>>) -> Option<String> {
        match error.cause() {
            Cause::Rejected(rejected) => Some(rejected.to_string()),
            Cause::Function(error) => self.0.bytes()?.describe.map(|words| words(error)),
        }
    }
}

/// Not asked for: a run looks whether there are records first.
#[cold]
fn no_bytes() -> CodecError {
    CodecError::new("the result is not `Serialize` and `Deserialize`")
}
