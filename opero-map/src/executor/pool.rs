//! Workers that execute a function for the worker loops of a run.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use opero_core::{ConfigError, Observer, Remote};

use crate::config::MapConfig;
use crate::job::RemoteFunction;
use crate::progress::WorkerOutput;

/// What a pool of workers is spawned for.
pub struct PoolRequest<'a> {
    /// The function's name in events.
    pub name: &'a str,
    /// The function; or why other processes cannot find it.
    pub function: Result<RemoteFunction, ConfigError>,
    /// How many workers.
    pub workers: usize,
    /// The run's parameters.
    pub config: &'a MapConfig,
    /// Observes workers' starts and exits, beside the global observers.
    pub observer: Option<Arc<dyn Observer>>,
    /// Where the workers print, if a bar is drawn that they would otherwise print over.
    #[cfg_attr(
        not(feature = "process"),
        expect(dead_code, reason = "only processes print on their own")
    )]
    pub(crate) output: Option<WorkerOutput>,
}

impl std::fmt::Debug for PoolRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PoolRequest")
            .field("name", &self.name)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

/// The workers of one run, shut down when this is dropped.
pub trait WorkerPool: Send + Sync {
    /// Returns how many worker loops keep all workers busy.
    fn worker_loops(&self) -> usize;

    /// Returns the client of a worker loop.
    fn client(&self, worker_loop: usize) -> Box<dyn PoolClient + '_>;

    /// Kills all workers.
    fn kill_all(&self);
}

/// A worker loop's access to the workers.
pub trait PoolClient: Remote {
    /// Waits until the workers have capacity for another item. A worker loop polls this before it
    /// takes an item, so that no item ages here or is lost to another run.
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// Begins the time limit of the loop's next item.
    fn begin_item(&self, limit: Duration);

    /// Returns how much of the item's time does not count, because no worker ran it. `None`: its
    /// call is with the workers, which enforce the limit.
    fn excused(&self) -> Option<Duration>;

    /// Ends the loop's item, with or without a worker.
    fn end_item(&self);
}
