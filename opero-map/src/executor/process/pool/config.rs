//! What a pool of worker processes is spawned with.

use std::sync::Arc;

use opero_core::{ConfigError, Observer, ThreadObserver, WaitMode};

use super::call_depth::MAX_DEPTH;
use crate::executor::pool::PoolRequest;
use crate::job::RemoteFunction;
use crate::progress::WorkerOutput;

/// The configuration of a run's worker processes.
pub(crate) struct PoolConfig {
    pub(super) name: String,
    pub(super) function: RemoteFunction,
    pub(super) workers: usize,
    /// How many calls of an async function a worker has at a time.
    pub(super) in_flight: usize,
    pub(super) memory: Option<u64>,
    pub(super) recycle_after: Option<u64>,
    pub(super) recycle_above: Option<u64>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    /// What happens within calls counts, for this run or for one around it.
    pub(super) counts: bool,
    /// Where workers print, if not where this program does.
    pub(super) output: Option<WorkerOutput>,
}

/// The default of `worker_in_flight`.
const DEFAULT_IN_FLIGHT: usize = 16;

/// The most worker loops, unless there are more workers.
const MAX_WORKER_LOOPS: usize = 4_096;

impl PoolConfig {
    /// Creates the configuration from the run's parameters.
    ///
    /// # Errors
    /// Where a parameter about workers is wrong.
    pub(crate) fn new(
        request: &PoolRequest<'_>,
        function: RemoteFunction,
    ) -> Result<Self, ConfigError> {
        let config = request.config;
        let not_zero = |parameter: &'static str, value: Option<u64>| match value {
            Some(0) => Err(ConfigError::new(
                parameter,
                "is 0, so no worker could do anything",
                "give more, or leave it out",
            )),
            _ => Ok(value),
        };
        let in_flight = config.worker_in_flight.unwrap_or(DEFAULT_IN_FLIGHT);
        not_zero("worker_in_flight", u64::try_from(in_flight).ok())?;
        Ok(Self {
            name: request.name.to_owned(),
            function,
            workers: request.workers,
            in_flight,
            memory: not_zero("worker_memory", config.worker_memory)?,
            recycle_after: not_zero("worker_recycle_after", config.worker_recycle_after)?,
            recycle_above: not_zero("worker_recycle_above", config.worker_recycle_above)?,
            observer: request.observer.clone(),
            counts: request.observer.is_some() || ThreadObserver::current().is_some(),
            output: request.output.clone(),
        })
    }

    /// Returns how many calls a worker may have, if they are short.
    fn max_depth(&self) -> usize {
        match self.function.waiting {
            WaitMode::Blocking => MAX_DEPTH,
            WaitMode::Async => self.in_flight,
        }
    }

    /// Returns how many worker loops keep all workers busy.
    pub(super) fn worker_loops(&self) -> usize {
        let loops = self.workers.saturating_mul(self.max_depth());
        loops.min(MAX_WORKER_LOOPS.max(self.workers))
    }
}
