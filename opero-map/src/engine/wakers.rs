use std::sync::Mutex;
use std::task::Waker;

use opero_core::sync::lock;

/// The latest waker of each lane, so that others can wake a lane by its number.
pub(crate) struct LaneWakers {
    lanes: Box<[Mutex<Option<Waker>>]>,
}

impl LaneWakers {
    pub(crate) fn new(lanes: usize) -> Self {
        Self {
            lanes: (0..lanes).map(|_| Mutex::default()).collect(),
        }
    }

    /// Called by a lane at the start of its poll, before it looks at anything that another thread may change.
    pub(crate) fn register(&self, lane: usize, waker: &Waker) {
        let mut slot = lock(&self.lanes[lane]);
        match &mut *slot {
            Some(known) => known.clone_from(waker),
            None => *slot = Some(waker.clone()),
        }
    }

    pub(crate) fn wake(&self, lane: usize) {
        let waker = lock(&self.lanes[lane]).clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn wake_all(&self) {
        (0..self.lanes.len()).for_each(|lane| self.wake(lane));
    }
}
