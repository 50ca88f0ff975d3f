use std::future::Future;

use opero_core::{Attempt, ConfigError, Context, Error, Event, WaitMode};

use crate::resume::RecordCodec;

/// What a run does with each item.
///
/// Most users write a closure ([`map`](crate::map), [`map_async`](crate::map_async)) or the
/// attribute `#[operomap]`. Implement it yourself to put stages around a function: the context
/// carries the clock, the way of waiting and the observer that fills the report.
///
/// ```
/// use opero_map::{Context, Error, IntoSource, Job, MapConfig, Run, WaitMode};
///
/// struct Double;
///
/// impl Job<u32> for Double {
///     type Output = u32;
///     type Error = &'static str;
///     const WAIT_MODE: WaitMode = WaitMode::Blocking;
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
    const WAIT_MODE: WaitMode;

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

    /// Returns the function as worker processes find it.
    ///
    /// # Errors
    /// Why only this process can find it. A run in processes reports it.
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

    /// Runs one item.
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
    pub waiting: WaitMode,
}

/// Executes a function as a pipeline around it would, with the events of its start and end.
pub(crate) async fn observe_execution<T, E>(
    cx: &Context<'_>,
    execution: impl Future<Output = Result<T, E>> + Send,
) -> Result<T, E> {
    let attempt = Attempt::FIRST;
    cx.emit(Event::ExecutionStarted { attempt });
    let started = cx.now();
    let result = execution.await;
    cx.emit(Event::ExecutionEnded {
        attempt,
        elapsed: cx.now().since(started),
        ok: result.is_ok(),
    });
    result
}
