use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::wakers::LaneWakers;
use crate::executor::Crew;

/// How a run is stopped, by whatever does it. It knows nothing of the run's items, so that a handle which outlives them can
/// hold it.
pub(crate) struct Halt {
    level: AtomicU8,
    pub(crate) wakers: LaneWakers,
    crew: Option<Arc<dyn Crew>>,
}

/// How far a run is to be stopped. It only ever rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Level {
    /// Not at all.
    Go,
    /// No item is taken any more.
    Stop,
    /// Lanes that wait end at once, others after the item that blocks them; workers are gone.
    Now,
}

impl Halt {
    pub(super) fn new(lanes: usize, crew: Option<Arc<dyn Crew>>) -> Self {
        Self {
            level: AtomicU8::new(Level::Go as u8),
            wakers: LaneWakers::new(lanes),
            crew,
        }
    }

    /// Stops the run as far as that, if it is not already. Waits for nothing.
    pub(crate) fn raise(&self, level: Level) {
        let before = self.level.fetch_max(level as u8, Ordering::AcqRel);
        if before >= level as u8 {
            return;
        }
        if let (Level::Now, Some(crew)) = (level, &self.crew) {
            crew.dismiss();
        }
        self.wakers.wake_all();
    }

    /// Are no more items taken?
    #[inline]
    pub(super) fn stopped(&self) -> bool {
        self.level.load(Ordering::Acquire) >= Level::Stop as u8
    }

    /// Are lanes to end at once?
    #[inline]
    pub(super) fn ended(&self) -> bool {
        self.level.load(Ordering::Acquire) >= Level::Now as u8
    }
}
