//! Looking after a leader that its followers wait for: one that nothing polls is passed over.
//!
//! A leader kept beside a `select!` is alive, so nothing of it is dropped, and would hold its followers for ever. As long as a
//! follower waits, an alarm wakes the leader from time to time, and looks the next time whether that polled it. One that was
//! polled, or is inside its poll, is slow and no more. Otherwise the next follower takes over; the leader that was passed over
//! executes on for its own caller, and its value is as good as any.

use std::time::Duration;

use opero_core::clock::Alarm;

use super::{Flight, Phase, State};
use crate::sync::Arc;

/// The time between two looks at a leader. One that nothing polls is found by the second, or the third if the first two came
/// while it was about to be polled.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Leaders that fail in a row, after which all run on their own.
pub(super) const MOST_FAILURES: u32 = 2;

impl State {
    /// Sees to it that the leader is looked after.
    pub(super) fn arm(&mut self, flight: &Arc<Flight>) {
        if self.alarm.as_ref().is_none_or(Alarm::is_lost) {
            self.alarm = next_look(flight);
        }
    }
}

impl Flight {
    /// A look at the leader.
    pub(super) fn look(self: &Arc<Self>) {
        let mut state = crate::sync::lock(&self.state);
        state.alarm = None;
        if state.followers == 0 || matches!(state.phase, Phase::Completed(_)) {
            return;
        }
        let is_idle = |probe| self.pulse.is_idle(probe);
        if matches!(state.phase, Phase::Led) && state.probe.take().is_some_and(is_idle) {
            state.phase = Phase::Vacant { is_idle: true };
            state.failures += 1;
        }
        let mut woken = Vec::new();
        match state.phase {
            // All: the one that was woken may be the next that nothing polls.
            Phase::Vacant { .. } => woken.extend(std::mem::take(&mut state.waiters)),
            _ => state.probe = Some(self.pulse.probe()),
        }
        state.alarm = next_look(self);
        drop(state);
        for (_, waker) in woken {
            waker.wake();
        }
        // Without the lock, since a waker may run anything.
        self.pulse.wake();
    }
}

#[cfg(not(shuttle))]
fn next_look(flight: &Arc<Flight>) -> Option<Alarm> {
    Alarm::after(LOOK_INTERVAL, std::task::Waker::from(Arc::clone(flight)))
}

/// Under shuttle the tests look themselves.
#[cfg(shuttle)]
fn next_look(_: &Arc<Flight>) -> Option<Alarm> {
    None
}

#[cfg(not(shuttle))]
impl std::task::Wake for Flight {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}
