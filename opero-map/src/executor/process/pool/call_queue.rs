//! The queue where worker loops submit calls and the supervisor takes them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use opero_core::sync::lock;
use opero_core::{Rejected, RejectedKind};

use super::call::{Call, Reply, ReplySlot};
use super::limit::Limit;
use super::wakeup::Wakeup;
use crate::executor::process::ipc::buffers::Buffers;

/// All that worker loops and supervisor share.
pub(super) struct CallQueue {
    state: Mutex<State>,
    pub(super) wakeup: Wakeup,
    /// The large buffers of calls and outcomes.
    pub(super) buffers: Arc<Buffers>,
}

struct State {
    next: u64,
    submitted: Vec<Call>,
    cancelled: Vec<u64>,
    /// Items that worker loops took for workers and have not submitted yet.
    reserved: usize,
    /// Calls submitted and not answered.
    outstanding: usize,
    /// How many reservations and outstanding calls keep the workers busy.
    capacity: usize,
    /// Worker loops that wait for capacity.
    waiting: VecDeque<(usize, Waker)>,
    /// Of each worker loop: `true` if it waits there.
    queued: Vec<bool>,
    /// `true` while the supervisor waits to be woken.
    supervisor_waits: bool,
    end: Option<PoolEnd>,
}

/// Why no call is executed any more.
#[derive(Clone)]
pub(super) enum PoolEnd {
    /// The run is over.
    Finished,
    /// The run ends now, and its workers are killed.
    Killed,
    /// No worker can be spawned.
    Failed(Rejected),
}

/// What the supervisor takes out of the queue.
#[derive(Default)]
pub(super) struct Submitted {
    pub(super) calls: Vec<Call>,
    pub(super) cancelled: Vec<u64>,
    pub(super) end: Option<PoolEnd>,
}

impl CallQueue {
    pub(super) fn new(wakeup: Wakeup, capacity: usize, worker_loops: usize) -> Self {
        Self {
            state: Mutex::new(State {
                next: 1,
                submitted: Vec::new(),
                cancelled: Vec::new(),
                reserved: 0,
                outstanding: 0,
                capacity,
                waiting: VecDeque::new(),
                queued: vec![false; worker_loops],
                supervisor_waits: false,
                end: None,
            }),
            wakeup,
            buffers: Arc::default(),
        }
    }

    /// Adds a call, whose outcome goes to `answer`. Returns its number. It uses its worker loop's
    /// reservation, if there is one.
    pub(super) fn submit(
        &self,
        arguments: Vec<u8>,
        limit: Option<Limit>,
        submitted_at: Instant,
        reservation: &AtomicBool,
        answer: &Arc<ReplySlot>,
    ) -> u64 {
        let mut state = lock(&self.state);
        let id = state.next;
        state.next += 1;
        if clear(reservation) {
            state.reserved -= 1;
        }
        match &state.end {
            Some(end) => answer.set(Err(end.rejection())),
            None => {
                state.outstanding += 1;
                state.submitted.push(Call {
                    id,
                    arguments: arguments.into(),
                    limit,
                    submitted_at,
                    reply: Reply::new(answer),
                    unexplained_crashes: 0,
                });
                self.wake_supervisor(state);
            }
        }
        id
    }

    /// Cancels a call.
    pub(super) fn cancel(&self, id: u64) {
        let mut state = lock(&self.state);
        if state.end.is_none() {
            state.cancelled.push(id);
            self.wake_supervisor(state);
        }
    }

    /// Reserves capacity for another item, once the workers have some.
    pub(super) fn poll_reserve(
        &self,
        worker_loop: usize,
        reservation: &AtomicBool,
        cx: &Context<'_>,
    ) -> Poll<()> {
        if reservation.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        let mut state = lock(&self.state);
        // After the end items are rejected, and nothing is gained by holding them up.
        if state.end.is_some() {
            return Poll::Ready(());
        }
        let has_room = state.has_room();
        if std::mem::replace(&mut state.queued[worker_loop], !has_room) {
            // Woken by something else: its old entry would take the wake-up of another loop.
            state.waiting.retain(|(other, _)| *other != worker_loop);
        }
        if has_room {
            state.reserved += 1;
            reservation.store(true, Ordering::Relaxed);
            return Poll::Ready(());
        }
        state.waiting.push_back((worker_loop, cx.waker().clone()));
        Poll::Pending
    }

    /// Releases a reservation that led to no call, as after a cache hit.
    pub(super) fn release(&self, reservation: &AtomicBool) {
        if clear(reservation) {
            let mut state = lock(&self.state);
            state.reserved -= 1;
            state.wake_waiting();
        }
    }

    /// Counts answered calls, and sets how many calls keep the workers busy.
    pub(super) fn on_answered(&self, calls: usize, capacity: usize) {
        let mut state = lock(&self.state);
        state.outstanding = state.outstanding.saturating_sub(calls);
        state.capacity = capacity;
        state.wake_waiting();
    }

    /// Ends the queue. A later end does not replace an earlier one, except that a finished run can
    /// still be killed.
    pub(super) fn end(&self, end: PoolEnd) {
        let mut state = lock(&self.state);
        if matches!(state.end, None | Some(PoolEnd::Finished)) {
            state.end = Some(end);
        }
        for (_, waker) in state.waiting.drain(..) {
            waker.wake();
        }
        drop(state);
        self.wakeup.wake();
    }

    /// Takes what was submitted since the last time. With nothing and `sleep`, the supervisor is
    /// woken by the next call.
    pub(super) fn take_submitted(&self, into: &mut Submitted, sleep: bool) {
        let mut state = lock(&self.state);
        std::mem::swap(&mut into.calls, &mut state.submitted);
        std::mem::swap(&mut into.cancelled, &mut state.cancelled);
        into.end.clone_from(&state.end);
        let nothing = into.calls.is_empty() && into.cancelled.is_empty() && into.end.is_none();
        state.supervisor_waits = sleep && nothing;
    }

    fn wake_supervisor(&self, mut state: std::sync::MutexGuard<'_, State>) {
        let supervisor_waits = std::mem::take(&mut state.supervisor_waits);
        drop(state);
        if supervisor_waits {
            self.wakeup.wake();
        }
    }
}

/// Clears the reservation. Returns `true` if there was one. Only its own worker loop calls this, so
/// no exchange is needed.
fn clear(reservation: &AtomicBool) -> bool {
    let there = reservation.load(Ordering::Relaxed);
    if there {
        reservation.store(false, Ordering::Relaxed);
    }
    there
}

impl State {
    fn has_room(&self) -> bool {
        self.reserved + self.outstanding < self.capacity
    }

    /// Wakes as many worker loops as there is capacity for.
    fn wake_waiting(&mut self) {
        let room = self
            .capacity
            .saturating_sub(self.reserved + self.outstanding);
        for _ in 0..room {
            let Some((worker_loop, waker)) = self.waiting.pop_front() else {
                return;
            };
            self.queued[worker_loop] = false;
            waker.wake();
        }
    }
}

impl PoolEnd {
    pub(super) fn rejection(&self) -> Rejected {
        match self {
            Self::Finished | Self::Killed => RejectedKind::Stopped.into(),
            Self::Failed(rejected) => rejected.clone(),
        }
    }
}
