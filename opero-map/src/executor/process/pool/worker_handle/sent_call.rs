//! A call that a worker has.

use std::time::Instant;

use opero_core::{EventCounts, Executed, Rejected, WaitMode};

use crate::executor::process::pool::call::Call;
use crate::executor::process::pool::limit::Limit;

/// A call that a worker has.
pub(in super::super) struct SentCall {
    /// Its number on the channel: a worker's calls are numbered in their order.
    pub(in super::super) serial: u64,
    pub(in super::super) call: Call,
    pub(in super::super) at: Instant,
    /// When its last byte was sent.
    pub(in super::super) sent_at: Option<Instant>,
    /// The events of decorated functions within it, as far as the worker has sent them.
    pub(in super::super) counts: Option<Box<EventCounts>>,
    /// Its caller has a result or cancelled it; the worker is killed then if it still has the call.
    pub(in super::super) kill_at: Option<Instant>,
}

impl SentCall {
    pub(in super::super) fn time_out(&mut self, worker: usize, began: Instant, now: Instant) {
        if let Some(limit) = self.call.limit {
            self.answer(Err(limit.rejection().into()), worker, began, now);
        }
    }

    /// Returns when the worker, which last replied at `progress`, began with it: an async one at
    /// once, a synchronous one after the call before.
    pub(in super::super) fn began(&self, waiting: WaitMode, progress: Instant) -> Instant {
        match waiting {
            WaitMode::Async => self.at,
            WaitMode::Blocking => self.at.max(progress),
        }
    }

    /// Sends the result to the caller.
    pub(in super::super) fn answer(
        &mut self,
        outcome: Result<Vec<u8>, Rejected>,
        worker: usize,
        began: Instant,
        now: Instant,
    ) {
        self.call.reply.send(Ok(Executed {
            outcome,
            worker,
            waited: began.saturating_duration_since(self.call.submitted_at),
            elapsed: now.saturating_duration_since(began),
            counts: self.counts.take(),
        }));
    }

    /// Returns `true` if it is over its limit and not timed out yet.
    pub(in super::super) fn is_late(&self, now: Instant) -> bool {
        let late = |limit: Limit| limit.is_over(self.at, now);
        self.kill_at.is_none() && self.call.limit.is_some_and(late)
    }

    /// Returns `true` if its caller still waits for it.
    pub(in super::super) fn is_wanted(&self) -> bool {
        self.kill_at.is_none()
    }
}
