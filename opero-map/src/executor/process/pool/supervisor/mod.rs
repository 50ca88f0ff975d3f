//! The thread that owns the workers of a run.

mod dispatch;
mod restart;
mod shutdown;

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_core::{Context, Event, SystemClock, WaitMode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::call::{Call, supervisor_panicked};
use super::call_depth::CallDepth;
use super::call_queue::{CallQueue, PoolEnd, Submitted};
use super::config::PoolConfig;
use super::worker_handle::WorkerHandle;
use crate::engine::item::discard;

/// The longest wait in `poll`, a time that every system accepts.
const MAX_POLL_WAIT: Duration = Duration::from_secs(3600);

pub(super) struct Supervisor {
    config: PoolConfig,
    queue: Arc<CallQueue>,
    submitted: Submitted,
    /// Calls that wait for a worker, the next one first.
    pending: VecDeque<Call>,
    /// Calls of a worker whose crash is unexplained. Each is retried alone, so that the next crash
    /// is explained.
    isolated: VecDeque<Call>,
    slots: Vec<WorkerSlot>,
    /// Workers that shut down and have not exited.
    shutting_down: Vec<WorkerHandle>,
    call_depth: CallDepth,
    /// Calls answered since the queue was told.
    settled: usize,
    /// Processes in a row that failed to start or exited before they answered a call.
    failures: u32,
    /// No process is spawned before: the system failed to.
    spawn_not_before: Option<Instant>,
}

/// A worker, or the place for one.
struct WorkerSlot {
    worker: Option<WorkerHandle>,
    /// No process is spawned for it before.
    spawn_not_before: Option<Instant>,
    /// Early exits in a row.
    early_exits: u32,
}

impl Supervisor {
    pub(super) fn new(config: PoolConfig, queue: Arc<CallQueue>) -> Self {
        let slot = |_| WorkerSlot {
            worker: None,
            spawn_not_before: None,
            early_exits: 0,
        };
        Self {
            slots: (0..config.workers).map(slot).collect(),
            call_depth: CallDepth::new(),
            config,
            queue,
            submitted: Submitted::default(),
            pending: VecDeque::new(),
            isolated: VecDeque::new(),
            shutting_down: Vec::new(),
            settled: 0,
            failures: 0,
            spawn_not_before: None,
        }
    }

    /// Runs until the run is over and all workers have exited. A panic here fails the pool.
    pub(super) fn run(self) {
        let queue = Arc::clone(&self.queue);
        guard(&queue, || self.work());
    }

    fn work(mut self) {
        loop {
            self.queue.take_submitted(&mut self.submitted, true);
            let busy = !self.submitted.calls.is_empty() || !self.submitted.cancelled.is_empty();
            let now = Instant::now();
            self.take_submitted(now);
            if let Some(end) = self.submitted.end.take() {
                return self.shut_down(&end);
            }
            self.check_workers(now);
            self.spawn_missing(now);
            self.dispatch(now);
            self.rebalance();
            self.send(now);
            self.report_settled();
            self.wait(busy, now);
        }
    }

    fn take_submitted(&mut self, now: Instant) {
        self.pending.extend(self.submitted.calls.drain(..));
        for id in self.submitted.cancelled.drain(..) {
            if remove(&mut self.pending, id) || remove(&mut self.isolated, id) {
                self.settled += 1;
                continue;
            }
            for slot in &mut self.slots {
                if slot
                    .worker
                    .as_mut()
                    .is_some_and(|worker| worker.cancel(id, now))
                {
                    break;
                }
            }
        }
    }

    /// Checks the timeouts of each worker, and reaps those that exited.
    fn check_workers(&mut self, now: Instant) {
        for index in 0..self.slots.len() {
            let Some(worker) = &mut self.slots[index].worker else {
                continue;
            };
            worker.check_timeouts(now);
            // All its replies count, also the last ones.
            if worker.may_have_exited(now)
                && let Some(exit) = worker.reap(now)
                && let Some(mut worker) = self.slots[index].worker.take()
            {
                self.receive(&mut worker, now);
                self.on_exit(worker, exit, now);
            }
        }
        self.shutting_down.retain_mut(|worker| {
            worker.check_timeouts(now);
            worker.reap(now).is_none()
        });
    }

    fn depth(&self) -> usize {
        match self.config.function.waiting {
            WaitMode::Blocking => self.call_depth.depth(),
            WaitMode::Async => self.config.in_flight,
        }
    }

    fn send(&mut self, now: Instant) {
        for worker in self
            .slots
            .iter_mut()
            .filter_map(|slot| slot.worker.as_mut())
        {
            worker.send(now);
        }
    }

    fn report_settled(&mut self) {
        if self.settled > 0 {
            let capacity = self.config.workers.saturating_mul(self.depth());
            self.queue
                .on_answered(std::mem::take(&mut self.settled), capacity);
        }
    }

    /// Waits for replies, submitted calls and timeouts, and receives the replies.
    fn wait(&mut self, busy: bool, now: Instant) {
        let timeout = match busy {
            true => Some(Duration::ZERO),
            false => self
                .next_check(now)
                .map(|then| then.saturating_duration_since(now)),
        };
        let mut polled = vec![PollFd::new(&self.queue.wakeup.woken, PollFlags::IN)];
        let mut indices = Vec::with_capacity(self.slots.len());
        for worker in self.workers().filter(|worker| !worker.is_channel_closed()) {
            let sending = match worker.outgoing.is_empty() {
                true => PollFlags::empty(),
                false => PollFlags::OUT,
            };
            polled.push(PollFd::from_borrowed_fd(
                worker.socket.as_fd(),
                PollFlags::IN | sending,
            ));
            indices.push(worker.index);
        }
        let timeout = timeout
            .map(|timeout| timeout.min(MAX_POLL_WAIT))
            .map(|timeout| Timespec {
                tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: timeout.subsec_nanos().into(),
            });
        // A signal interrupts the wait; then everything is checked again.
        if poll(&mut polled, timeout.as_ref()).is_err() {
            return;
        }
        let happened: Vec<_> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(polled);
        if happened[0] {
            self.queue.wakeup.clear();
        }
        let now = Instant::now();
        for (index, _) in indices
            .into_iter()
            .zip(&happened[1..])
            .filter(|(_, happened)| **happened)
        {
            if let Some(mut worker) = self.slots[index].worker.take() {
                self.receive(&mut worker, now);
                self.keep_or_recycle(worker);
            }
        }
    }

    fn receive(&mut self, worker: &mut WorkerHandle, now: Instant) {
        let received = worker.receive(now);
        self.settled += received.settled;
        self.call_depth.observe(received.ran, received.took);
        if received.ran > 0 {
            self.slots[worker.index].early_exits = 0;
            self.failures = 0;
        }
        for call in received.returned.into_iter().rev() {
            self.pending.push_front(call);
        }
        if received.ready {
            self.emit(&Event::WorkerStarted {
                worker: worker.index,
                pid: worker.pid(),
            });
        }
    }

    /// Puts a worker back into its slot, or shuts it down where it needs recycling.
    fn keep_or_recycle(&mut self, mut worker: WorkerHandle) {
        let config = &self.config;
        let index = worker.index;
        if worker.needs_recycling(config)
            && worker.calls.is_empty()
            && worker.ready
            && !worker.is_channel_closed()
        {
            worker.shut_down();
            worker.on_channel_closed(Instant::now());
            self.shutting_down.push(worker);
        } else {
            self.slots[index].worker = Some(worker);
        }
    }

    fn next_check(&self, now: Instant) -> Option<Instant> {
        let workers = self.workers().chain(&self.shutting_down);
        let looks = workers.filter_map(|worker| worker.next_check(now));
        let vacant = self.slots.iter().filter(|slot| slot.worker.is_none());
        let hires = vacant
            .filter_map(|slot| slot.spawn_not_before)
            .chain(self.spawn_not_before);
        let wanted = self.missing() > 0;
        let hires = hires.filter(|then| wanted && *then > now);
        looks.chain(hires).min()
    }

    fn workers(&self) -> impl Iterator<Item = &WorkerHandle> {
        self.slots.iter().filter_map(|slot| slot.worker.as_ref())
    }

    fn emit(&self, event: &Event<'_>) {
        let mut cx =
            Context::new(&SystemClock, WaitMode::Blocking).with_function(&self.config.name);
        if let Some(observer) = &self.config.observer {
            cx = cx.with_observer(&**observer);
        }
        cx.emit(*event);
    }
}

/// Rejects all calls, also later ones, if `work` panics.
fn guard(queue: &CallQueue, work: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
        discard(payload);
        queue.end(PoolEnd::Failed(supervisor_panicked().into()));
        // Its own calls were rejected when dropped; these were submitted since.
        queue.take_submitted(&mut Submitted::default(), false);
    }
}

/// Removes the call of that number. Returns `true` if it was there.
fn remove(calls: &mut VecDeque<Call>, id: u64) -> bool {
    // Recent calls are the likeliest.
    let slot = calls.iter().rposition(|call| call.id == id);
    slot.and_then(|slot| calls.remove(slot)).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::wakeup::Wakeup;
    use super::*;
    use crate::executor::process::pool::limit::ItemTime;
    use crate::executor::process::pool::pending_call::PendingCall;
    use opero_core::{RejectedKind, block_on};
    use std::panic::resume_unwind;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_panic_of_the_thread_that_owns_the_workers_rejects_every_call() {
        let queue = CallQueue::new(Wakeup::new().unwrap(), 8, 1);
        let (time, reservation) = (ItemTime::default(), AtomicBool::new(false));
        let spare = Mutex::default();
        let submit = || PendingCall::submit(&queue, Vec::new(), None, &time, &reservation, &spare);
        let [submitted, waiting] = [submit(), submit()];
        let mut late = None;
        guard(&queue, || {
            let mut here = Submitted::default();
            queue.take_submitted(&mut here, false);
            late = Some(submit());
            resume_unwind(Box::new("what is tested"));
        });
        for call in [submitted, waiting, late.unwrap(), submit()] {
            let rejected = block_on(call).unwrap_err();
            assert!(
                matches!(rejected.kind(), RejectedKind::Config(_)),
                "{rejected}"
            );
        }
    }
}
