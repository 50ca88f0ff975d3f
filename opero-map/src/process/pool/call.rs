//! One call on its way to a worker and back.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use opero_core::sync::lock;
use opero_core::{ConfigError, Executed, Refused};

use super::limit::{ItemTime, Limit};
use super::office::Office;

/// A call that was handed in.
pub(super) struct Call {
    pub(super) id: u64,
    /// Shared with what is being sent: a call whose worker dies goes to another one.
    pub(super) arguments: Arc<Vec<u8>>,
    pub(super) limit: Option<Limit>,
    pub(super) handed_in: Instant,
    pub(super) reply: Reply,
    /// How many workers died that had it, and nobody knows of what.
    pub(super) mourned: u32,
}

/// The right to answer a call, once. A call that is dropped without an answer, as by a panic, is refused: its caller would
/// wait for ever.
pub(super) struct Reply(Option<Arc<Answer>>);

impl Reply {
    pub(super) fn new(answer: &Arc<Answer>) -> Self {
        Self(Some(Arc::clone(answer)))
    }

    /// Tells the caller. Only the first word counts.
    pub(super) fn send(&mut self, outcome: Result<Executed, Refused>) {
        if let Some(answer) = self.0.take() {
            answer.set(outcome);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.send(Err(abandoned().into()));
    }
}

/// Why a call is refused that nothing looks after any more.
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
    outcome: Option<Result<Executed, Refused>>,
    waker: Option<Waker>,
}

impl Answer {
    #[cfg(test)]
    pub(super) fn is_set(&self) -> bool {
        lock(&self.0).outcome.is_some()
    }

    pub(super) fn set(&self, outcome: Result<Executed, Refused>) {
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
}

impl Future for Calling<'_> {
    type Output = Result<Executed, Refused>;

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
        if !self.answered {
            self.time.ended(Duration::ZERO);
            self.office.cancel(self.id);
        }
    }
}
