use std::fmt;
use std::future::Future;

use opero_core::{Attempt, ConfigError, Context, Error, Event, Waiting};

use crate::config::MapConfig;
use crate::resume::RecordCodec;
use crate::run::Run;
use crate::source::IntoSource;

/// What a run does with each item.
///
/// Most users write a closure ([`map`], [`map_async`]) or the attribute `#[operomap]`. Implement it
/// yourself to put stages around a function: the context carries the clock, the way of waiting and
/// the observer that fills the report.
///
/// ```
/// use opero_map::{Context, Error, IntoSource, Job, MapConfig, Run, Waiting};
///
/// struct Double;
///
/// impl Job<u32> for Double {
///     type Output = u32;
///     type Error = &'static str;
///     const WAITING: Waiting = Waiting::Blocking;
///
///     async fn run(&self, _: &Context<'_>, item: u32) -> Result<u32, Error<&'static str>> {
///         item.checked_mul(2).ok_or("too large".into())
///     }
/// }
///
/// let run = Run::new("double", vec![1, 2].into_source(), Double, MapConfig::default());
/// # #[cfg(feature = "thread")]
/// assert_eq!(run.try_run().unwrap(), [2, 4]);
/// ```
pub trait Job<I>: Send + Sync {
    /// The value of an item.
    type Output: Send;
    /// The function's own error.
    type Error: Send;
    /// Whether the function is synchronous, and blocks its thread, or async. It decides which modes
    /// can run it.
    const WAITING: Waiting;

    /// Checks the job before the first item. An error becomes every item's result.
    ///
    /// # Errors
    /// A wrong parameter of the stages around the function.
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Returns `true` if events tell more than the results do, such as retries and hits. A job
    /// without such events is not observed where only progress is shown, and then costs less.
    fn tells_more(&self) -> bool {
        true
    }

    /// The function as worker processes know it.
    ///
    /// # Errors
    /// Why only this process does. A run in processes says so.
    fn remote(&self) -> Result<RemoteFunction, ConfigError> {
        Err(ConfigError::new(
            "mode",
            "runs the function in worker processes, which cannot find a closure",
            "move its body into a free function, and decorate that with `#[operomap(mode = \"process\")]`",
        ))
    }

    /// Returns the codec that records items and results, for runs that resume.
    ///
    /// # Errors
    /// Why they cannot be recorded. A run that has a journal reports it.
    fn record_codec(&self) -> Result<&dyn RecordCodec<I, Self::Output, Self::Error>, ConfigError> {
        Err(ConfigError::new(
            "resume",
            "is set, and this function has no codec for its items and results",
            "name the function: `.resumable(\"…\")`, with items, values and errors that are `Serialize` and `Deserialize`",
        ))
    }

    /// Does the work for one item.
    fn run(
        &self,
        cx: &Context<'_>,
        item: I,
    ) -> impl Future<Output = Result<Self::Output, Error<Self::Error>>> + Send;
}

/// A function that worker processes can find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteFunction {
    /// The name under which it is registered.
    pub path: String,
    /// Whether it is synchronous or async.
    pub waiting: Waiting,
}

/// Maps a synchronous function over `items`, by default on a thread for each core.
///
/// ```
/// # #[cfg(feature = "thread")] {
/// let lengths = opero_map::map(["one", "three"], |word| Ok::<_, ()>(word.len())).try_run();
/// assert_eq!(lengths.unwrap(), [3, 5]);
/// # }
/// ```
pub fn map<C, I, F, T, E>(items: C, function: F) -> Run<C::Source, SyncJob<F>>
where
    C: IntoSource<I>,
    F: Fn(I) -> Result<T, E> + Send + Sync,
{
    Run::new(
        "",
        items.into_source(),
        SyncJob(function),
        MapConfig::default(),
    )
}

/// Maps an async function over `items`, by default with 64 of them in flight.
///
/// ```
/// # #[cfg(feature = "async")] {
/// let lengths = opero_map::map_async(["one", "three"], |word| async move { Ok::<_, ()>(word.len()) }).try_run();
/// assert_eq!(lengths.unwrap(), [3, 5]);
/// # }
/// ```
pub fn map_async<C, I, F, Fut, T, E>(items: C, function: F) -> Run<C::Source, AsyncJob<F>>
where
    C: IntoSource<I>,
    F: Fn(I) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
{
    Run::new(
        "",
        items.into_source(),
        AsyncJob(function),
        MapConfig::default(),
    )
}

/// The job of a synchronous closure.
#[derive(Clone, Copy)]
pub struct SyncJob<F>(F);

/// The job of an async closure.
#[derive(Clone, Copy)]
pub struct AsyncJob<F>(F);

impl<I, F, T, E> Job<I> for SyncJob<F>
where
    I: Send,
    T: Send,
    E: Send,
    F: Fn(I) -> Result<T, E> + Send + Sync,
{
    type Output = T;
    type Error = E;
    const WAITING: Waiting = Waiting::Blocking;

    fn tells_more(&self) -> bool {
        false
    }

    #[inline]
    async fn run(&self, cx: &Context<'_>, item: I) -> Result<T, Error<E>> {
        if cx.observed() {
            return watched(cx, async { (self.0)(item) }).await;
        }
        (self.0)(item).map_err(Error::from)
    }
}

impl<I, F, Fut, T, E> Job<I> for AsyncJob<F>
where
    I: Send,
    T: Send,
    E: Send,
    F: Fn(I) -> Fut + Send + Sync,
    Fut: Future<Output = Result<T, E>> + Send,
{
    type Output = T;
    type Error = E;
    const WAITING: Waiting = Waiting::Async;

    fn tells_more(&self) -> bool {
        false
    }

    #[inline]
    async fn run(&self, cx: &Context<'_>, item: I) -> Result<T, Error<E>> {
        if cx.observed() {
            return watched(cx, (self.0)(item)).await;
        }
        (self.0)(item).await.map_err(Error::from)
    }
}

/// Says when the bare function starts and ends, as a pipeline around it would.
async fn watched<T, E>(
    cx: &Context<'_>,
    execution: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, Error<E>> {
    let attempt = Attempt::FIRST;
    cx.emit(Event::ExecutionStarted { attempt });
    let started = cx.now();
    let result = execution.await;
    cx.emit(Event::ExecutionEnded {
        attempt,
        elapsed: cx.now().since(started),
        ok: result.is_ok(),
    });
    result.map_err(Error::from)
}

impl<F> fmt::Debug for SyncJob<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SyncJob")
    }
}

impl<F> fmt::Debug for AsyncJob<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncJob")
    }
}
