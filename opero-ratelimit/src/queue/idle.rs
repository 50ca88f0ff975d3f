//! Looking after the foremost of a lane: one that nothing polls keeps its place, and the next one asks beside it.
//!
//! As long as others wait behind the foremost, an alarm wakes it from time to time, and looks the next time whether that polled
//! it. One that sleeps until its permits are there, or waits for a server, is polled on a wake-up.

use std::sync::{Arc, Weak};
use std::time::Duration;

use opero_core::clock::Alarm;
use opero_core::{Key, Pulse};

use super::{Lane, Lanes};
use crate::sync::{Mutex, lock};

/// The time between two looks. A foremost that nothing polls is found by the second, or the third if the first two came
/// while it was about to be polled.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Looks after the foremost of a lane.
pub(super) struct LaneWatch {
    lanes: Weak<Mutex<Lanes>>,
    key: Option<Key>,
    /// The foremost's.
    pub(super) pulse: Pulse,
}

impl LaneWatch {
    pub(super) fn new(lanes: &Arc<Mutex<Lanes>>, key: Option<Key>) -> Arc<Self> {
        Arc::new(Self {
            lanes: Arc::downgrade(lanes),
            key,
            pulse: Pulse::default(),
        })
    }

    pub(super) fn look(&self) {
        let Some(lanes) = self.lanes.upgrade() else {
            return;
        };
        let next = {
            let mut lanes = lock(&lanes);
            let Some(lane) = lanes.by_key.get_mut(&self.key) else {
                return;
            };
            lane.alarm = None;
            lane.look()
        };
        // Without the lock, since wakers may run anything.
        if let Some(next) = next {
            next.wake();
        }
        self.pulse.wake();
    }
}

#[cfg(not(shuttle))]
impl std::task::Wake for LaneWatch {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}

impl Lane {
    /// Sees to it that the foremost is looked after.
    pub(super) fn arm(&mut self) {
        if self.alarm.as_ref().is_none_or(Alarm::is_lost) {
            // Under shuttle the tests look themselves.
            #[cfg(not(shuttle))]
            {
                let watch = Arc::clone(&self.watch);
                self.alarm = Alarm::after(LOOK_INTERVAL, watch.into());
            }
        }
    }

    /// A waiter that was passed over is in line again.
    pub(super) fn is_polled(&mut self, ticket: u64) {
        if let Some(waiter) = self.waiters.get_mut(&ticket) {
            waiter.is_idle = false;
        }
    }

    /// A look at the foremost. Returns the waker of the next one, where it is passed over.
    fn look(&mut self) -> Option<std::task::Waker> {
        let foremost = self.foremost()?;
        let next = match self.probe.take() {
            Some((ticket, probe)) if ticket == foremost && self.watch.pulse.is_idle(probe) => {
                if let Some(waiter) = self.waiters.get_mut(&foremost) {
                    waiter.is_idle = true;
                }
                drop(self.watch.pulse.end());
                self.foremost_waker()
            }
            _ => None,
        };
        let foremost = self.foremost()?;
        // Nobody waits behind the last.
        if self.waiters.range(foremost..).nth(1).is_some() || next.is_some() {
            self.probe = Some((foremost, self.watch.pulse.probe()));
            self.arm();
        }
        next
    }
}
