//! A call, from its submission to its result.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use opero_core::sync::lock;
use opero_core::{ConfigError, Executed, Rejected};

use super::arguments::Arguments;
use super::limit::Limit;

/// A submitted call.
pub(super) struct Call {
    pub(super) id: u64,
    /// Kept, because a call of a crashed worker goes to another one.
    pub(super) arguments: Arguments,
    pub(super) limit: Option<Limit>,
    pub(super) submitted_at: Instant,
    pub(super) reply: Reply,
    /// How many unexplained crashes of its workers there were.
    pub(super) unexplained_crashes: u32,
}

/// Allocations of a caller's last call, for its next one.
#[derive(Default)]
pub(super) struct CallScratch {
    pub(super) bytes: Vec<u8>,
    pub(super) answer: Option<Arc<ReplySlot>>,
}

impl CallScratch {
    /// Returns an empty slot that nothing else holds.
    pub(super) fn answer(&mut self) -> Arc<ReplySlot> {
        let mut answer = self.answer.take();
        match answer.as_mut().and_then(Arc::get_mut).is_some() {
            true => answer.unwrap_or_default(),
            false => Arc::default(),
        }
    }
}

/// Replies to a call, once. A call that is dropped without a reply, as by a panic, is rejected: its
/// caller would wait for ever.
pub(super) struct Reply(Option<Arc<ReplySlot>>);

impl Reply {
    pub(super) fn new(answer: &Arc<ReplySlot>) -> Self {
        Self(Some(Arc::clone(answer)))
    }

    /// Sends the result to the caller. Only the first one counts.
    pub(super) fn send(&mut self, outcome: Result<Executed, Rejected>) {
        if let Some(answer) = self.0.take() {
            answer.set(outcome);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.send(Err(supervisor_panicked().into()));
        }
    }
}

/// Returns why a call is rejected after a panic of the supervisor.
pub(super) fn supervisor_panicked() -> ConfigError {
    ConfigError::new(
        "mode",
        "runs in processes, and the thread that looks after them has panicked",
        "see its message on standard error; if it is opero's own, please report it",
    )
}

/// Where the caller finds the result of its call.
#[derive(Default)]
pub(super) struct ReplySlot(Mutex<State>);

#[derive(Default)]
struct State {
    outcome: Option<Result<Executed, Rejected>>,
    waker: Option<Waker>,
}

impl ReplySlot {
    #[cfg(test)]
    pub(super) fn is_set(&self) -> bool {
        lock(&self.0).outcome.is_some()
    }

    pub(super) fn set(&self, outcome: Result<Executed, Rejected>) {
        let mut state = lock(&self.0);
        state.outcome.get_or_insert(outcome);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the outcome, or registers the waker.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<Result<Executed, Rejected>> {
        let mut state = lock(&self.0);
        if let Some(outcome) = state.outcome.take() {
            return Poll::Ready(outcome);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}
