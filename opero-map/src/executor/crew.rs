//! Workers beside the lanes: where a function is executed when that is not the lanes themselves.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use opero_core::{ConfigError, Observer, Remote};

use crate::MapConfig;
use crate::job::RemoteFunction;
use crate::progress::WorkerOutput;

/// What a crew is hired for.
pub struct Terms<'a> {
    /// The function's name in events.
    pub name: &'a str,
    /// The function; or why only this process knows it.
    pub function: Result<RemoteFunction, ConfigError>,
    /// How many workers.
    pub workers: usize,
    /// The run's parameters.
    pub config: &'a MapConfig,
    /// Who is told when workers come and go, beside the global observers.
    pub observer: Option<Arc<dyn Observer>>,
    /// Where the workers print, if a bar is drawn that they would otherwise print over.
    #[cfg_attr(
        not(feature = "process"),
        expect(dead_code, reason = "only processes print on their own")
    )]
    pub(crate) output: Option<WorkerOutput>,
}

impl std::fmt::Debug for Terms<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terms")
            .field("name", &self.name)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

/// The workers of one run. They are gone when it is dropped.
pub trait Crew: Send + Sync {
    /// How many lanes keep all workers busy.
    fn lanes(&self) -> usize;

    /// The place of a lane.
    fn desk(&self, lane: usize) -> Box<dyn Desk + '_>;

    /// Ends all workers now, whatever they are at.
    fn dismiss(&self);
}

/// How one lane reaches the workers.
pub trait Desk: Remote {
    /// Ready when the workers could do with another item. It is asked before a lane takes one from the input, so that no item
    /// is held up here that has a time limit or that another run could have.
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// The lane's next item has so much time.
    fn item_begins(&self, limit: Duration);

    /// How much of the time since then does not count, since no worker was at it. `None`: its call is with the workers, who
    /// look after its limit themselves.
    fn excused(&self) -> Option<Duration>;

    /// The lane's item has its result, with or without a worker.
    fn item_done(&self);
}
