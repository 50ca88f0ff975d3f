//! Looking after the head of a queue: one that nothing polls keeps its position, and the next one asks beside it.
//!
//! As long as others wait behind the head, an alarm wakes it from time to time, and looks the next time whether that polled
//! it. One that sleeps until its permits are there, or waits for a server, is polled on a wake-up.

use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use opero_core::clock::Alarm;
use opero_core::{Key, Pulse};

use super::{KeyQueue, Table};
use crate::sync::{Mutex, lock};

/// The time between two looks. A head that nothing polls is found by the second, or the third if the first two came
/// while it was about to be polled.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Looks after the head of a queue.
pub(super) struct HeadWatch {
    table: Weak<Mutex<Table>>,
    key: Option<Key>,
    /// The head's.
    pub(super) pulse: Pulse,
}

impl HeadWatch {
    pub(super) fn new(table: &Arc<Mutex<Table>>, key: Option<Key>) -> Arc<Self> {
        Arc::new(Self {
            table: Arc::downgrade(table),
            key,
            pulse: Pulse::default(),
        })
    }

    pub(super) fn look(&self) {
        let Some(table) = self.table.upgrade() else {
            return;
        };
        let next = {
            let mut table = lock(&table);
            let Some(queue) = table.by_key.get_mut(&self.key) else {
                return;
            };
            queue.alarm = None;
            queue.look()
        };
        // Without the lock, since wakers may run anything.
        let Some((next, ended)) = next else {
            return self.pulse.wake();
        };
        drop(ended);
        if let Some(next) = next {
            next.wake();
        }
        self.pulse.wake();
    }
}

#[cfg(not(shuttle))]
impl std::task::Wake for HeadWatch {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}

impl KeyQueue {
    /// Sees to it that the head is looked after.
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

    /// A look at the head. Returns the waker of the next one, where it is passed over, and its own.
    fn look(&mut self) -> Option<(Option<Waker>, Option<Waker>)> {
        let head = self.head()?;
        let mut ended = None;
        let next = match self.probe.take() {
            Some((ticket, probe)) if ticket == head && self.watch.pulse.is_idle(probe) => {
                if let Some(waiter) = self.waiters.get_mut(&head) {
                    waiter.is_idle = true;
                }
                ended = self.watch.pulse.end();
                self.head_waker()
            }
            _ => None,
        };
        let Some(head) = self.head() else {
            return Some((next, ended));
        };
        // No call waits behind the last.
        if self.waiters.range(head..).nth(1).is_some() || next.is_some() {
            self.probe = Some((head, self.watch.pulse.probe()));
            self.arm();
        }
        Some((next, ended))
    }
}
