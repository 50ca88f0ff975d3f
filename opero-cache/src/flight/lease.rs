//! A leader's lease in a shared store, released early where nothing polls the leader.
//!
//! The store keeps a lease alive wherever its holder waits, so a leader that is alive and never polled would hold the other
//! processes for ever. Its pulse tells, as it does for the followers in this process (`idle.rs`). The leader that lost its lease
//! executes on for its own caller, and its value is as good as any.

use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use opero_core::clock::Alarm;
use opero_core::sync::lock;
use opero_core::{Context, Event, Probe};

use super::Leader;
use super::idle::LOOK_INTERVAL;
use super::leader::LeaderPulse;
use crate::backend::Lease;

/// The lease of a leader. Dropped, it is released.
pub(crate) struct LeaderLease(Arc<Watch>);

struct Watch {
    function: Box<str>,
    pulse: LeaderPulse,
    /// `None` once the lease is released.
    held: Mutex<Option<Held>>,
}

struct Held {
    lease: Box<dyn Lease>,
    /// What the last look began.
    probe: Option<Probe>,
    next_look: Option<Alarm>,
}

impl LeaderLease {
    /// Holds `lease` for as long as something polls `leader`.
    pub(crate) fn new(cx: &Context<'_>, leader: &Leader<'_>, lease: Box<dyn Lease>) -> Self {
        let watch = Arc::new(Watch {
            function: cx.function().into(),
            pulse: leader.pulse(),
            held: Mutex::new(None),
        });
        *lock(&watch.held) = Some(Held {
            lease,
            probe: None,
            next_look: watch.next_look(),
        });
        Self(watch)
    }

    /// Releases the lease, and waits for that.
    pub(crate) async fn release(self) {
        // In a statement of its own: the lock is not held across the wait.
        let held = self.0.take();
        if let Some(held) = held {
            held.lease.release().await;
        }
    }
}

impl Drop for LeaderLease {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

impl Watch {
    fn take(&self) -> Option<Held> {
        lock(&self.held).take()
    }

    /// Other processes wait in real time, whatever clock the leader is on.
    fn next_look(self: &Arc<Self>) -> Option<Alarm> {
        Alarm::after_real(LOOK_INTERVAL, Waker::from(Arc::clone(self)))
    }

    /// A look at the leader.
    fn look(self: &Arc<Self>) {
        let mut slot = lock(&self.held);
        let Some(held) = &mut *slot else {
            return;
        };
        let is_idle = held.probe.take().is_some_and(|p| self.pulse.is_idle(p));
        // One that was passed over in this process is waited for by the leader that took its place, too.
        if is_idle || !self.pulse.is_leading() {
            let lost = slot.take();
            drop(slot);
            drop(lost);
            if is_idle {
                let cx = Context::system().with_function(&self.function);
                cx.counted_as_item().emit(Event::CacheLeaderIdle);
            }
            return;
        }
        held.probe = Some(self.pulse.probe());
        held.next_look = self.next_look();
        drop(slot);
        // Without the lock, since a waker may run anything.
        self.pulse.wake();
    }
}

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}
