use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::wakers::LoopWakers;
use crate::executor::WorkerPool;

/// The stop signal of a run. It does not borrow from the run's items, so a handle that outlives
/// them can hold it.
pub(crate) struct StopSignal {
    level: AtomicU8,
    pub(crate) wakers: LoopWakers,
    pool: Option<Arc<dyn WorkerPool>>,
}

/// How far a run is stopped. It only rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum StopLevel {
    /// Not at all.
    Go,
    /// No further item is taken.
    Stop,
    /// Waiting loops end at once, others after the item that blocks them; worker processes are
    /// killed.
    Now,
}

impl StopSignal {
    pub(super) fn new(worker_loops: usize, pool: Option<Arc<dyn WorkerPool>>) -> Self {
        Self {
            level: AtomicU8::new(StopLevel::Go as u8),
            wakers: LoopWakers::new(worker_loops),
            pool,
        }
    }

    /// Raises the level and wakes the worker loops. Waits for nothing.
    pub(crate) fn raise(&self, level: StopLevel) {
        let before = self.level.fetch_max(level as u8, Ordering::AcqRel);
        if before >= level as u8 {
            return;
        }
        if let (StopLevel::Now, Some(pool)) = (level, &self.pool) {
            pool.kill_all();
        }
        self.wakers.wake_all();
    }

    /// Returns `true` if no more items are taken.
    #[inline]
    pub(super) fn stopped(&self) -> bool {
        self.level.load(Ordering::Acquire) >= StopLevel::Stop as u8
    }

    /// Returns `true` if worker loops end at once.
    #[inline]
    pub(super) fn ended(&self) -> bool {
        self.level.load(Ordering::Acquire) >= StopLevel::Now as u8
    }
}
