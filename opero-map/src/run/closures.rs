//! Runs of closures.

use std::fmt;
use std::future::Future;

use opero_core::{Context, Error, WaitMode};

use super::Run;
use crate::config::MapConfig;
use crate::job::{Job, observe_execution};
use crate::source::IntoSource;

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
    const WAIT_MODE: WaitMode = WaitMode::Blocking;

    fn tells_more(&self) -> bool {
        false
    }

    #[inline]
    async fn run(&self, cx: &Context<'_>, item: I) -> Result<T, Error<E>> {
        if cx.observed() {
            let execution = async { (self.0)(item) };
            return observe_execution(cx, execution).await.map_err(Error::from);
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
    const WAIT_MODE: WaitMode = WaitMode::Async;

    fn tells_more(&self) -> bool {
        false
    }

    #[inline]
    async fn run(&self, cx: &Context<'_>, item: I) -> Result<T, Error<E>> {
        if cx.observed() {
            let execution = (self.0)(item);
            return observe_execution(cx, execution).await.map_err(Error::from);
        }
        (self.0)(item).await.map_err(Error::from)
    }
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
