//! A pipeline around every item of a map.

use std::fmt;
use std::future::Future;

use opero_core::{
    Attempt, ConfigError, Context, Error, Event, Observer, WaitMode, notify, operation,
};
use opero_map::{IntoSource, Job, MapConfig, Run};

use super::Pipeline;
#[cfg(feature = "serde")]
use super::identity::Named;
use super::identity::{Hashed, Identity};
use crate::route::Places;

impl<E: Send + Sync, Outside, Inside> Pipeline<E, Outside, Inside> {
    /// Runs a function over `items`, each through this pipeline. A result is kept under its item
    /// and the closure's type.
    ///
    /// ```
    /// use opero::Pipeline;
    ///
    /// let pipeline = Pipeline::builder().retries(1).min_delay("1ms").build()?;
    /// let lines = ["1", "2", "x", "1"];
    /// let results = pipeline.map(lines, |line, _attempt| line.parse::<u32>()).run();
    /// assert_eq!(results[3].as_ref().unwrap(), &1);
    /// assert_eq!(results[2].as_ref().unwrap_err().attempts(), 2);
    /// # Ok::<(), opero::ConfigError>(())
    /// ```
    pub fn map<C, I, T, F>(
        &self,
        items: C,
        function: F,
    ) -> Run<C::Source, SyncItems<'_, E, Outside, Inside, F>>
    where
        C: IntoSource<I>,
        F: Fn(&I, Attempt) -> Result<T, E> + Send + Sync,
    {
        let job = SyncItems(self.items(Hashed, function));
        Run::new("pipeline", items.into_source(), job, self.map_config())
    }

    /// Runs an async function over `items`, each through this pipeline. Each attempt gets a clone
    /// of the item.
    pub fn map_async<C, I, T, F, Fut>(
        &self,
        items: C,
        function: F,
    ) -> Run<C::Source, AsyncItems<'_, E, Outside, Inside, F>>
    where
        C: IntoSource<I>,
        F: Fn(I, Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        let job = AsyncItems(self.items(Hashed, function));
        Run::new("pipeline", items.into_source(), job, self.map_config())
    }

    /// [`map`](Self::map) for a cache that outlives the process: a result is kept under `name` and
    /// the bytes of its item, as by [`call_stable`](Self::call_stable).
    #[cfg(feature = "serde")]
    pub fn map_stable<C, I, T, F>(
        &self,
        name: impl Into<String>,
        items: C,
        function: F,
    ) -> Run<C::Source, SyncItems<'_, E, Outside, Inside, F, Named>>
    where
        C: IntoSource<I>,
        F: Fn(&I, Attempt) -> Result<T, E> + Send + Sync,
    {
        let job = SyncItems(self.items(Named(name.into()), function));
        Run::new("pipeline", items.into_source(), job, self.map_config())
    }

    /// [`map_async`](Self::map_async) for a cache that outlives the process, as
    /// [`map_stable`](Self::map_stable).
    #[cfg(feature = "serde")]
    pub fn map_stable_async<C, I, T, F, Fut>(
        &self,
        name: impl Into<String>,
        items: C,
        function: F,
    ) -> Run<C::Source, AsyncItems<'_, E, Outside, Inside, F, Named>>
    where
        C: IntoSource<I>,
        F: Fn(I, Attempt) -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        let job = AsyncItems(self.items(Named(name.into()), function));
        Run::new("pipeline", items.into_source(), job, self.map_config())
    }

    fn items<F, K>(&self, identity: K, function: F) -> Items<'_, E, Outside, Inside, F, K> {
        Items {
            pipeline: self,
            function,
            identity,
        }
    }

    pub(super) fn map_config(&self) -> MapConfig {
        MapConfig {
            clock: self.stages.clock().clone(),
            ..MapConfig::default()
        }
    }
}

struct Items<'a, E, Outside, Inside, F, K> {
    pipeline: &'a Pipeline<E, Outside, Inside>,
    function: F,
    identity: K,
}

/// The job of [`Pipeline::map`]; `K` says what identifies an item.
pub struct SyncItems<'a, E, Outside, Inside, F, K = Hashed>(Items<'a, E, Outside, Inside, F, K>);

/// The job of [`Pipeline::map_async`]; `K` says what identifies an item.
pub struct AsyncItems<'a, E, Outside, Inside, F, K = Hashed>(Items<'a, E, Outside, Inside, F, K>);

impl<I, T, E, Outside, Inside, F, K> Job<I> for SyncItems<'_, E, Outside, Inside, F, K>
where
    I: Send + Sync,
    T: Clone + Send + Sync + 'static,
    E: Send + Sync,
    F: Fn(&I, Attempt) -> Result<T, E> + Send + Sync,
    (Outside, Inside): Places<T, E>,
    K: Identity<I, T>,
{
    type Output = T;
    type Error = E;
    const WAIT_MODE: WaitMode = WaitMode::Blocking;

    fn check(&self) -> Result<(), ConfigError> {
        self.0.pipeline.arguments.check(None)
    }

    async fn run(&self, cx: &Context<'_>, item: I) -> Result<T, Error<E>> {
        let Items {
            pipeline,
            function,
            identity,
        } = &self.0;
        let item = &item;
        let call = operation(move |attempt| async move { function(item, attempt) });
        let both = Both::of(pipeline, cx);
        pipeline
            .through(
                &both.watch(cx, pipeline.stages.name()),
                &identity.identify(call, item),
            )
            .await
    }
}

impl<I, T, E, Outside, Inside, F, Fut, K> Job<I> for AsyncItems<'_, E, Outside, Inside, F, K>
where
    I: Clone + Send + Sync,
    T: Clone + Send + Sync + 'static,
    E: Send + Sync,
    F: Fn(I, Attempt) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
    (Outside, Inside): Places<T, E>,
    K: Identity<I, T>,
{
    type Output = T;
    type Error = E;
    const WAIT_MODE: WaitMode = WaitMode::Async;

    fn check(&self) -> Result<(), ConfigError> {
        self.0.pipeline.arguments.check(None)
    }

    async fn run(&self, cx: &Context<'_>, item: I) -> Result<T, Error<E>> {
        let Items {
            pipeline,
            function,
            identity,
        } = &self.0;
        let item = &item;
        let call = operation(move |attempt| function(item.clone(), attempt));
        let both = Both::of(pipeline, cx);
        pipeline
            .through(
                &both.watch(cx, pipeline.stages.name()),
                &identity.identify(call, item),
            )
            .await
    }
}

/// The pipeline's own observer beside the run's.
pub(super) struct Both<'a>(Option<&'a dyn Observer>, Option<&'a dyn Observer>);

impl<'a> Both<'a> {
    pub(super) fn of<E, Outside, Inside>(
        pipeline: &'a Pipeline<E, Outside, Inside>,
        cx: &Context<'a>,
    ) -> Self {
        Self(pipeline.observer.as_deref(), cx.observer())
    }

    /// The run's context under the pipeline's name, with both observers.
    pub(super) fn watch<'b>(&'b self, cx: &Context<'b>, name: &'b str) -> Context<'b> {
        let cx = match self.0 {
            Some(_) => cx.with_observer(self),
            None => *cx,
        };
        cx.with_function(name)
    }
}

impl Observer for Both<'_> {
    fn on_event(&self, function: &str, event: &Event<'_>) {
        for observer in [self.0, self.1].into_iter().flatten() {
            notify(observer, function, event);
        }
    }
}

macro_rules! debug_without_closure {
    ($($job:ident),*) => {$(
        impl<E, Outside, Inside, F, K> fmt::Debug for $job<'_, E, Outside, Inside, F, K> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($job)).field(self.0.pipeline).finish()
            }
        }
    )*};
}

debug_without_closure!(SyncItems, AsyncItems);
