//! Jobs as trait objects: all of a run except the loop over its items is compiled once for each
//! pair of result types, not for each function.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{self, Poll};

use opero_core::{ConfigError, Context, Error};

use crate::executor::WorkerLoop;
use crate::job::Job;
use crate::job::RemoteFunction;
#[cfg(feature = "journal")]
use crate::resume::RecordCodec;

/// The job of a run.
pub(crate) type AnyJob<'j, I, T, E> = Box<dyn ErasedJob<I, T, E> + 'j>;

/// [`Job`] as an object.
pub(crate) trait ErasedJob<I, T, E>: Send + Sync {
    fn check(&self) -> Result<(), ConfigError>;
    fn tells_more(&self) -> bool;
    fn remote(&self) -> Result<RemoteFunction, ConfigError>;
    #[cfg(feature = "journal")]
    fn record_codec(&self) -> Result<&dyn RecordCodec<I, T, E>, ConfigError>;

    /// Takes items and runs them, until there are no more.
    fn work<'w>(
        &'w self,
        cx: &'w Context<'w>,
        items: &'w mut (dyn Items<I, T, E> + 'w),
    ) -> WorkerLoop<'w>;
}

/// The items of a worker loop, and where their results go.
pub(crate) trait Items<I, T, E>: Send {
    /// Polls for the next item to run.
    fn poll_next(&mut self, task: &mut task::Context<'_>) -> Poll<Option<I>>;

    /// Polls the run of that item. Ready once its result is handed over, also that of a panic or
    /// timeout.
    fn poll_run(
        &mut self,
        run: Pin<&mut (dyn Future<Output = Result<T, Error<E>>> + Send + '_)>,
        task: &mut task::Context<'_>,
    ) -> Poll<()>;
}

impl<I: Send, J: Job<I>> ErasedJob<I, J::Output, J::Error> for J {
    fn check(&self) -> Result<(), ConfigError> {
        Job::check(self)
    }

    fn tells_more(&self) -> bool {
        Job::tells_more(self)
    }

    fn remote(&self) -> Result<RemoteFunction, ConfigError> {
        Job::remote(self)
    }

    #[cfg(feature = "journal")]
    fn record_codec(&self) -> Result<&dyn RecordCodec<I, J::Output, J::Error>, ConfigError> {
        Job::record_codec(self)
    }

    fn work<'w>(
        &'w self,
        cx: &'w Context<'w>,
        items: &'w mut (dyn Items<I, J::Output, J::Error> + 'w),
    ) -> WorkerLoop<'w> {
        Box::pin(async move {
            while let Some(item) = poll_fn(|task| items.poll_next(task)).await {
                // Inside an async block, so that a panic before the job's future exists is caught
                // as well.
                let mut run = pin!(async { self.run(cx, item).await });
                poll_fn(|task| items.poll_run(run.as_mut(), task)).await;
            }
        })
    }
}
