//! The mailbox of a database's worker: the state that it and its callers wait on.

use std::future::poll_fn;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use opero_core::clock::real_timeout;
use opero_core::sync::lock;

use super::engine::Fault;

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
    to_worker: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// Since when something waits to be written out.
    pub(super) dirty: Option<Instant>,
    /// It is a lot: write it out now.
    pub(super) urgent: bool,
    /// What a reader met.
    pub(super) fault: Option<Fault>,
    /// Flushes asked for and done, as numbers that only grow.
    pub(super) asked: u64,
    pub(super) done: u64,
    /// The engine is to be closed after the next flush.
    pub(super) close: bool,
    /// Why the last flush failed.
    pub(super) unwritten: Option<String>,
    pub(super) stop: bool,
    pub(super) stopped: bool,
    /// A caller's wait for the worker timed out, and the worker has published nothing since.
    late: bool,
    waiting: Vec<Waker>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// No call has used it yet, or it was closed.
    #[default]
    Closed,
    /// The worker is opening it, or will now.
    Opening,
    Open,
    /// It could not be opened or had to be given up, for this reason.
    Failed(String),
}

impl Phase {
    /// Why it is not open.
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Failed(reason) => reason,
            Self::Closed | Self::Opening | Self::Open => "it is closed",
        }
    }
}

/// How long a caller waits for the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timeout {
    /// A call's wait: a moment, and none where the last one has just timed out: a call can run without the cache.
    Call,
    /// The wait of a close: longer, for the flush of all that is pending. The write-ahead log has it anyway.
    Close,
}

impl Timeout {
    pub(super) const fn limit(self) -> Duration {
        match self {
            Self::Call => Duration::from_secs(1),
            Self::Close => Duration::from_secs(10),
        }
    }
}

/// The worker did not answer in time.
#[derive(Debug)]
pub(super) struct TimedOut;

impl Mailbox {
    /// Changes something for the worker to see.
    pub(super) fn tell<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let result = change(&mut lock(&self.state));
        self.to_worker.notify_all();
        result
    }

    /// Changes something for the callers to see.
    pub(super) fn publish<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = lock(&self.state);
        let result = change(&mut state);
        state.late = false;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        result
    }

    /// A caller's wait: until `seen` has seen what it looks for. It looks anew after each [`publish`](Self::publish).
    pub(super) async fn wait<R>(
        &self,
        timeout: Timeout,
        mut seen: impl FnMut(&mut State) -> Option<R>,
    ) -> Result<R, TimedOut> {
        let look = poll_fn(|task| self.poll(task, timeout, &mut seen));
        if let Some(answer) = real_timeout(timeout.limit(), look).await {
            return answer;
        }
        // It may have answered just now; what is late has still to be published.
        let mut state = lock(&self.state);
        let answer = seen(&mut state);
        state.late |= answer.is_none();
        answer.ok_or(TimedOut)
    }

    fn poll<R>(
        &self,
        task: &mut Context<'_>,
        timeout: Timeout,
        seen: impl FnOnce(&mut State) -> Option<R>,
    ) -> Poll<Result<R, TimedOut>> {
        let mut state = lock(&self.state);
        if let Some(answer) = seen(&mut state) {
            return Poll::Ready(Ok(answer));
        }
        let late = state.late && timeout == Timeout::Call;
        let waiting = &mut state.waiting;
        if !late && !waiting.iter().any(|waker| waker.will_wake(task.waker())) {
            waiting.push(task.waker().clone());
        }
        drop(state);
        // The worker may have been given something to do.
        self.to_worker.notify_all();
        match late {
            true => Poll::Ready(Err(TimedOut)),
            false => Poll::Pending,
        }
    }

    /// The worker's wait: until `next` has something to do; or says how long to sleep, at most.
    pub(super) fn next<T>(
        &self,
        mut next: impl FnMut(&mut State) -> Result<T, Option<Duration>>,
    ) -> T {
        let mut state = lock(&self.state);
        loop {
            state = match next(&mut state) {
                Ok(task) => return task,
                Err(pause) => self.sleep(state, pause),
            };
        }
    }

    /// Waits for the worker to end, but not for ever.
    pub(super) fn wait_for_stop(&self, limit: Duration) {
        let end = Instant::now() + limit;
        let mut state = lock(&self.state);
        while !state.stopped {
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                return;
            };
            state = self.sleep(state, Some(left));
        }
    }

    fn sleep<'s>(
        &'s self,
        state: MutexGuard<'s, State>,
        limit: Option<Duration>,
    ) -> MutexGuard<'s, State> {
        match limit {
            None => self
                .to_worker
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let woken = self.to_worker.wait_timeout(state, limit);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}
