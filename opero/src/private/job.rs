//! A decorated function as the job of a map.

use std::fmt;
use std::future::Future;

use opero_core::{Attempt, ConfigError, Context, Error, Waiting};
use opero_map::{IntoSource, Job, MapConfig, Run};

use super::Adapter;
use super::checks::{MapError, MapItem, MapValue};
use super::keys::MakeKey;
use super::operation::{Body, Call};
use super::recipe::{Recipe, Route, through};
use crate::place::Place;

/// The pipeline around every item.
pub struct MapJob<A: Adapter, S, I, B, K, R, Out, In>(pub(super) Recipe<A, S, I, B, K, R, Out, In>);

/// The run of a function over `items`.
///
/// A function and no method, so that the compiler says what a type lacks, and not that there is no such method. For the same
/// reason its job is opaque: whoever returns it has nothing left to prove.
pub fn over<C, A, S, I, B, K, R, Out, In>(
    recipe: Recipe<A, S, I, B, K, R, Out, In>,
    items: C,
    config: MapConfig,
) -> Run<C::Source, impl Job<I, Output = A::Value, Error = A::Error>>
where
    C: IntoSource<I>,
    A: Adapter,
    A::Value: MapValue,
    A::Error: MapError,
    S: Send + Sync,
    I: MapItem,
    B: Body<S, I, A::Return>,
    K: MakeKey<S, I>,
    R: Route<A::Value, A::Error>,
    Out: Place<A::Value, A::Error>,
    In: Place<A::Value, A::Error>,
{
    let config = MapConfig {
        clock: recipe.function.clock(),
        ..config
    };
    Run::new(
        recipe.function.name(),
        items.into_source(),
        MapJob(recipe),
        config,
    )
}

/// How a map runs by default. Its clock is the function's, which only the recipe knows.
pub fn map_config() -> MapConfig {
    MapConfig::default()
}

impl<A, S, I, B, K, R, Out, In> Job<I> for MapJob<A, S, I, B, K, R, Out, In>
where
    A: Adapter,
    A::Value: Send,
    A::Error: Send,
    S: Send + Sync,
    I: Send + Sync,
    B: Body<S, I, A::Return>,
    K: MakeKey<S, I>,
    R: Route<A::Value, A::Error>,
    Out: Place<A::Value, A::Error>,
    In: Place<A::Value, A::Error>,
{
    type Output = A::Value;
    type Error = A::Error;
    const WAITING: Waiting = B::WAITING;

    fn check(&self) -> Result<(), ConfigError> {
        self.0.function.stages().map(drop).map_err(Clone::clone)
    }

    #[cfg(feature = "map-process")]
    fn remote(&self) -> Result<opero_map::RemoteFunction, ConfigError> {
        self.remote_function(B::WAITING)
    }

    #[cfg(feature = "map-journal")]
    fn recorded(&self) -> Result<&dyn opero_map::Recorded<I, A::Value, A::Error>, ConfigError> {
        match self.lacks_records(K::RECORDS) {
            None => Ok(self),
            Some(lack) => Err(lack.record_error()),
        }
    }

    #[inline]
    #[allow(clippy::manual_async_fn)] // An `async fn` keeps each of its arguments twice.
    fn run(
        &self,
        cx: &Context<'_>,
        item: I,
    ) -> impl Future<Output = Result<A::Value, Error<A::Error>>> + Send {
        async move {
            match self.0.function.stages() {
                Ok(stages) => through!(&self.0, stages, cx, &item, true),
                Err(error) => Err(Error::refused(error.clone())),
            }
        }
    }
}

impl<A: Adapter, S, I, B, K, R, Out, In> fmt::Debug for MapJob<A, S, I, B, K, R, Out, In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MapJob").field(&self.0).finish()
    }
}
