//! A decorated function as the job of a map, and how a run records its items and results.

use std::fmt;
use std::future::Future;

use opero_core::{ConfigError, Context, Error, WaitMode};
use opero_map::{IntoSource, Job, MapConfig, Run};

use super::adapter::Adapter;
use super::builder::{Body, CallBuilder};
use super::call::{Callee, Failure, Value};
use super::checks::MapItem;
use super::keys::MakeKey;
use super::policy::MakePolicy;
use crate::route::Places;
use crate::shell::{Lookup, Plainly, SentError, SentValue};

/// The pipeline around every item.
pub struct MapJob<P>(pub(super) P);

/// Makes the run of a function over `items`.
///
/// A function and no method, so that the compiler says what a type lacks, and not that there is no
/// such method. For the same reason its bounds are those of the builder's parts, and its job is
/// opaque, so that a caller has nothing left to prove.
pub fn over<C, A, S, I, B, K, Out, In, F>(
    builder: CallBuilder<A, S, I, B, K, Out, In, F>,
    items: C,
    config: MapConfig,
) -> Run<C::Source, impl Job<I, Output = A::Value, Error = A::Error>>
where
    C: IntoSource<I>,
    A: Adapter<Value: SentValue, Error: SentError>,
    S: Send + Sync,
    I: MapItem,
    B: Body<S, I, A::Return, Future: Send>,
    K: MakeKey<S, I, Route: Lookup<A::Value>>,
    (Out, In): Places<A::Value, A::Error>,
    Out: Send + Sync,
    In: Send + Sync,
    F: MakePolicy<S, I, A::Value, A::Error>,
{
    let config = MapConfig {
        clock: builder.function().clock(),
        ..config
    };
    let name = builder.function().name();
    Run::new(name, items.into_source(), MapJob(builder), config)
}

/// Returns the default configuration of a map; [`over`] sets the function's clock.
pub fn map_config() -> MapConfig {
    MapConfig::default()
}

impl<P> Job<P::Item> for MapJob<P>
where
    P: Callee<Future: Send, Value: SentValue, Error: SentError>,
    P::Places: Places<Value<P>, Failure<P>>,
{
    type Output = Value<P>;
    type Error = Failure<P>;
    const WAIT_MODE: WaitMode = P::WAIT_MODE;

    fn check(&self) -> Result<(), ConfigError> {
        self.0.function().stages().map(drop).map_err(Clone::clone)
    }

    #[cfg(feature = "map-process")]
    fn remote(&self) -> Result<opero_map::RemoteFunction, ConfigError> {
        self.remote_function()
    }

    #[cfg(feature = "map-journal")]
    fn record_codec(
        &self,
    ) -> Result<&dyn opero_map::RecordCodec<P::Item, Value<P>, Failure<P>>, ConfigError> {
        match self.unrecordable() {
            None => Ok(self),
            Some(reason) => Err(reason.record_error()),
        }
    }

    #[inline]
    fn run(
        &self,
        cx: &Context<'_>,
        item: P::Item,
    ) -> impl Future<Output = Result<Value<P>, Error<Failure<P>>>> + Send {
        P::Places::run(&self.0, item, Some(cx), Plainly)
    }
}

impl<P: fmt::Debug> fmt::Debug for MapJob<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MapJob").field(&self.0).finish()
    }
}
