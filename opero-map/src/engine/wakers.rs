use std::sync::Mutex;
use std::task::Waker;

use opero_core::sync::lock;

/// The latest waker of each worker loop, so that others can wake a worker loop by its number.
pub(crate) struct LoopWakers {
    worker_loops: Box<[Mutex<Option<Waker>>]>,
}

impl LoopWakers {
    pub(crate) fn new(worker_loops: usize) -> Self {
        Self {
            worker_loops: (0..worker_loops).map(|_| Mutex::default()).collect(),
        }
    }

    /// Registers the waker of a loop, which calls this at the start of its poll, before it reads
    /// shared state.
    pub(crate) fn register(&self, worker_loop: usize, waker: &Waker) {
        let mut slot = lock(&self.worker_loops[worker_loop]);
        match &mut *slot {
            Some(known) => known.clone_from(waker),
            None => *slot = Some(waker.clone()),
        }
    }

    pub(crate) fn wake(&self, worker_loop: usize) {
        let waker = lock(&self.worker_loops[worker_loop]).clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn wake_all(&self) {
        (0..self.worker_loops.len()).for_each(|worker_loop| self.wake(worker_loop));
    }
}
