//! One call on its way to a worker and back.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use opero_core::sync::lock;
use opero_core::{ConfigError, Executed, Rejected};

use super::limit::{ItemTime, Limit};
use super::office::Office;
use super::outgoing::LARGE;

/// A call that was handed in.
pub(super) struct Call {
    pub(super) id: u64,
    /// Kept: a call whose worker dies goes to another one.
    pub(super) arguments: Arguments,
    pub(super) limit: Option<Limit>,
    pub(super) handed_in: Instant,
    pub(super) reply: Reply,
    /// How many workers died that had it, and nobody knows of what.
    pub(super) mourned: u32,
}

/// The bytes of a call's arguments.
pub(super) enum Arguments {
    /// Copied to what is being sent.
    Small(Vec<u8>),
    /// Shared with it.
    Large(Arc<Vec<u8>>),
}

impl From<Vec<u8>> for Arguments {
    fn from(bytes: Vec<u8>) -> Self {
        match bytes.len() < LARGE {
            true => Self::Small(bytes),
            false => Self::Large(Arc::new(bytes)),
        }
    }
}

impl Arguments {
    /// A copy of the outcome. The arguments are not sent again, so it takes the place of small ones.
    pub(super) fn replace(&mut self, outcome: &[u8]) -> Vec<u8> {
        let mut bytes = match self {
            Self::Small(bytes) => std::mem::take(bytes),
            Self::Large(_) => Vec::new(),
        };
        bytes.clear();
        bytes.extend_from_slice(outcome);
        bytes
    }
}

/// What a caller's last call left, for its next one.
#[derive(Default)]
pub(super) struct Spare {
    pub(super) bytes: Vec<u8>,
    pub(super) answer: Option<Arc<Answer>>,
}

impl Spare {
    /// An answer that nothing else holds. It is empty: its caller has taken what was in it.
    pub(super) fn answer(&mut self) -> Arc<Answer> {
        let mut answer = self.answer.take();
        match answer.as_mut().and_then(Arc::get_mut).is_some() {
            true => answer.unwrap_or_default(),
            false => Arc::default(),
        }
    }
}

/// The right to answer a call, once. A call that is dropped without an answer, as by a panic, is rejected: its caller would
/// wait for ever.
pub(super) struct Reply(Option<Arc<Answer>>);

impl Reply {
    pub(super) fn new(answer: &Arc<Answer>) -> Self {
        Self(Some(Arc::clone(answer)))
    }

    /// Tells the caller. Only the first word counts.
    pub(super) fn send(&mut self, outcome: Result<Executed, Rejected>) {
        if let Some(answer) = self.0.take() {
            answer.set(outcome);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.send(Err(abandoned().into()));
        }
    }
}

/// Why a call is rejected that nothing looks after any more.
pub(super) fn abandoned() -> ConfigError {
    ConfigError::new(
        "mode",
        "runs in processes, and the thread that looks after them has panicked",
        "see its message on standard error; if it is opero's own, please report it",
    )
}

/// Where the caller finds what its call came to.
#[derive(Default)]
pub(super) struct Answer(Mutex<State>);

#[derive(Default)]
struct State {
    outcome: Option<Result<Executed, Rejected>>,
    waker: Option<Waker>,
}

impl Answer {
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
}

/// Waits for the outcome. Dropping it cancels the call.
pub(super) struct Calling<'o> {
    pub(super) office: &'o Office,
    pub(super) id: u64,
    pub(super) answer: Arc<Answer>,
    pub(super) answered: bool,
    /// The time of the item that it is for.
    pub(super) time: &'o ItemTime,
    /// Where the caller's next call finds what this one leaves.
    pub(super) spare: &'o Mutex<Spare>,
}

impl Future for Calling<'_> {
    type Output = Result<Executed, Rejected>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = lock(&self.answer.0);
        if let Some(outcome) = state.outcome.take() {
            drop(state);
            self.answered = true;
            let elapsed = outcome.as_ref().map_or(Duration::ZERO, |done| done.elapsed);
            self.time.ended(elapsed);
            return Poll::Ready(outcome);
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        if self.answered {
            lock(self.spare).answer = Some(Arc::clone(&self.answer));
        } else {
            self.time.ended(Duration::ZERO);
            self.office.cancel(self.id);
        }
    }
}
