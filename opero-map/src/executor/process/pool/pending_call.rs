//! The caller's side of a submitted call.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use opero_core::sync::lock;
use opero_core::{AttemptLimit, Executed, Rejected};

use super::call::{CallScratch, ReplySlot};
use super::call_queue::CallQueue;
use super::limit::ItemTime;

/// Waits for the outcome. Dropping it cancels the call.
pub(super) struct PendingCall<'o> {
    queue: &'o CallQueue,
    id: u64,
    answer: Arc<ReplySlot>,
    answered: bool,
    /// The time of the item that it is for.
    time: &'o ItemTime,
    /// Where this call leaves its allocations for the next one.
    spare: &'o Mutex<CallScratch>,
}

impl<'o> PendingCall<'o> {
    /// Submits a call. It uses its worker loop's reservation, if there is one.
    pub(super) fn submit(
        queue: &'o CallQueue,
        arguments: Vec<u8>,
        limit: Option<AttemptLimit>,
        time: &'o ItemTime,
        reservation: &AtomicBool,
        spare: &'o Mutex<CallScratch>,
    ) -> Self {
        let answer = lock(spare).answer();
        let now = Instant::now();
        let limit = time.submit(limit, now);
        let id = queue.submit(arguments, limit, now, reservation, &answer);
        Self {
            queue,
            id,
            answer,
            answered: false,
            time,
            spare,
        }
    }
}

impl Future for PendingCall<'_> {
    type Output = Result<Executed, Rejected>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(self.answer.poll(cx));
        self.answered = true;
        let elapsed = outcome.as_ref().map_or(Duration::ZERO, |done| done.elapsed);
        self.time.ended(elapsed);
        Poll::Ready(outcome)
    }
}

impl Drop for PendingCall<'_> {
    fn drop(&mut self) {
        if self.answered {
            lock(self.spare).answer = Some(Arc::clone(&self.answer));
        } else {
            self.time.ended(Duration::ZERO);
            self.queue.cancel(self.id);
        }
    }
}
