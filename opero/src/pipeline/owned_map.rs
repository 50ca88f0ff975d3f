//! Maps whose items the pipeline sees.

use std::any::TypeId;
use std::fmt;
use std::future::Future;
use std::hash::Hash;

use opero_core::{Attempt, ConfigError, Context, Error, WaitMode};
use opero_map::{IntoSource, Job, Run};

use super::Pipeline;
use super::map::Both;
use super::owned::{Awaited, Blocking, OwnedCall, OwnedFunction};
#[cfg(feature = "serde")]
use super::owned_identity::ByName;
use super::owned_identity::{ByHash, OwnedIdentity, OwnedValue};
use crate::route::Places;

/// A run whose items are known by a name and their bytes.
#[cfg(feature = "serde")]
pub type NamedRun<S, E, Outside, Inside, F> = Run<S, OwnedItems<E, Outside, Inside, F, ByName>>;

impl<E: Send + Sync, Outside, Inside> Pipeline<E, Outside, Inside> {
    /// [`map`](Self::map) of items that the pipeline sees, as by
    /// [`call_owned_sync`](Self::call_owned_sync).
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::<String>::builder()
    ///     .cache_key(|word: &&'static str| word.len())
    ///     .build()?;
    /// let words = ["one", "two", "three"];
    /// let results = pipeline.map_owned(words, |word, _| Ok(word.to_uppercase())).workers(1).run();
    /// assert_eq!(results[1].as_ref().unwrap(), "ONE"); // As long as the first one.
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    pub fn map_owned<C, I, T, F>(
        &self,
        items: C,
        function: F,
    ) -> Run<C::Source, OwnedItems<E, Outside, Inside, Blocking<F>>>
    where
        C: IntoSource<I>,
        I: Hash,
        F: Fn(&I, Attempt) -> Result<T, E> + Send + Sync,
    {
        self.run_owned(items.into_source(), Blocking(function), ByHash)
    }

    /// [`map_async`](Self::map_async) of items that the pipeline sees, as by
    /// [`call_owned`](Self::call_owned).
    pub fn map_owned_async<C, I, T, F, Fut>(
        &self,
        items: C,
        function: F,
    ) -> Run<C::Source, OwnedItems<E, Outside, Inside, Awaited<F>>>
    where
        C: IntoSource<I>,
        I: Hash,
        F: Fn(I, Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        self.run_owned(items.into_source(), Awaited(function), ByHash)
    }

    /// [`map_owned`](Self::map_owned) for a cache that outlives the process, as
    /// [`map_stable`](Self::map_stable).
    #[cfg(feature = "serde")]
    pub fn map_owned_stable<C, I, T, F>(
        &self,
        name: &'static str,
        items: C,
        function: F,
    ) -> NamedRun<C::Source, E, Outside, Inside, Blocking<F>>
    where
        C: IntoSource<I>,
        F: Fn(&I, Attempt) -> Result<T, E> + Send + Sync,
    {
        self.run_owned(items.into_source(), Blocking(function), ByName(name))
    }

    /// [`map_owned_async`](Self::map_owned_async) for a cache that outlives the process, as
    /// [`map_stable`](Self::map_stable).
    #[cfg(feature = "serde")]
    pub fn map_owned_stable_async<C, I, T, F, Fut>(
        &self,
        name: &'static str,
        items: C,
        function: F,
    ) -> NamedRun<C::Source, E, Outside, Inside, Awaited<F>>
    where
        C: IntoSource<I>,
        F: Fn(I, Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        self.run_owned(items.into_source(), Awaited(function), ByName(name))
    }

    fn run_owned<S, F, K>(
        &self,
        source: S,
        function: F,
        identity: K,
    ) -> Run<S, OwnedItems<E, Outside, Inside, F, K>> {
        let job = OwnedItems {
            pipeline: self.clone(),
            function,
            identity,
        };
        Run::new("pipeline", source, job, self.map_config())
    }
}

/// The job of [`Pipeline::map_owned`] and its kin; `K` says what identifies an item. It borrows
/// nothing.
pub struct OwnedItems<E, Outside, Inside, F, K = ByHash> {
    pipeline: Pipeline<E, Outside, Inside>,
    function: F,
    identity: K,
}

impl<I, T, E, Outside, Inside, F, K> Job<I> for OwnedItems<E, Outside, Inside, F, K>
where
    I: Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    Outside: Send + Sync + 'static,
    Inside: Send + Sync + 'static,
    F: OwnedFunction<I, Value = T, Error = E>,
    (Outside, Inside): Places<T, E>,
    K: OwnedIdentity<I> + OwnedValue<T>,
{
    type Output = T;
    type Error = E;
    const WAIT_MODE: WaitMode = F::WAIT_MODE;

    fn check(&self) -> Result<(), ConfigError> {
        self.pipeline.arguments.check(Some(TypeId::of::<I>()))
    }

    async fn run(&self, cx: &Context<'_>, item: I) -> Result<T, Error<E>> {
        let pipeline = &self.pipeline;
        let call = OwnedCall::new(pipeline, item, self.function.clone(), self.identity);
        let both = Both::of(pipeline, cx);
        pipeline
            .through(&both.watch(cx, pipeline.stages.name()), &call)
            .await
    }
}

impl<E, Outside, Inside, F, K> fmt::Debug for OwnedItems<E, Outside, Inside, F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedItems").field(&self.pipeline).finish()
    }
}
