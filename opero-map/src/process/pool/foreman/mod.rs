//! The thread that looks after the workers of a run.

mod assigning;
mod closing;
mod turnover;

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_core::{Context, Event, SystemClock, Waiting};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::call::{Call, abandoned};
use super::crew::Hiring;
use super::office::{End, Fetched, Office};
use super::pace::Pace;
use super::worker::Worker;
use crate::engine::discard;

/// How long to wait in one go: a time that every system accepts.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

pub(super) struct Foreman {
    hiring: Hiring,
    office: Arc<Office>,
    fetched: Fetched,
    /// Calls that no worker has, the next one first.
    pending: VecDeque<Call>,
    /// Calls that a worker died with, nobody knows of which. Each of them runs alone, so that it is known next time.
    suspects: VecDeque<Call>,
    places: Vec<Place>,
    /// Those that were let go and have not left.
    leaving: Vec<Worker>,
    pace: Pace,
    /// Answered since the office was told.
    settled: usize,
    /// Processes in a row that could not begin, or ended before they had done anything.
    failures: u32,
    /// Nobody is hired before: the system refused.
    not_before: Option<Instant>,
}

/// Where a worker is, or could be.
struct Place {
    worker: Option<Worker>,
    /// Nobody is hired for it before.
    not_before: Option<Instant>,
    /// How many workers here died young, in a row.
    died_young: u32,
}

impl Foreman {
    pub(super) fn new(hiring: Hiring, office: Arc<Office>) -> Self {
        let place = |_| Place {
            worker: None,
            not_before: None,
            died_young: 0,
        };
        Self {
            places: (0..hiring.workers).map(place).collect(),
            pace: Pace::new(),
            hiring,
            office,
            fetched: Fetched::default(),
            pending: VecDeque::new(),
            suspects: VecDeque::new(),
            leaving: Vec::new(),
            settled: 0,
            failures: 0,
            not_before: None,
        }
    }

    /// Works until the run is over, and all workers are gone. If this panics, the run ends with an error.
    pub(super) fn run(self) {
        let office = Arc::clone(&self.office);
        guard(&office, || self.work());
    }

    fn work(mut self) {
        loop {
            self.office.fetch(&mut self.fetched, true);
            let busy = !self.fetched.calls.is_empty() || !self.fetched.cancelled.is_empty();
            let now = Instant::now();
            self.take_in(now);
            if let Some(end) = self.fetched.end.take() {
                return self.close(&end);
            }
            self.look(now);
            self.hire(now);
            self.assign(now);
            self.share();
            self.send(now);
            self.tell_office();
            self.wait(busy, now);
        }
    }

    fn take_in(&mut self, now: Instant) {
        self.pending.extend(self.fetched.calls.drain(..));
        for id in self.fetched.cancelled.drain(..) {
            if remove(&mut self.pending, id) || remove(&mut self.suspects, id) {
                self.settled += 1;
                continue;
            }
            for place in &mut self.places {
                if place
                    .worker
                    .as_mut()
                    .is_some_and(|worker| worker.cancel(id, now))
                {
                    break;
                }
            }
        }
    }

    /// Looks at every worker: the time, and whether it lives.
    fn look(&mut self, now: Instant) {
        for index in 0..self.places.len() {
            let Some(worker) = &mut self.places[index].worker else {
                continue;
            };
            worker.look(now);
            // All that it said counts, also what it said last.
            if worker.may_have_ended(now)
                && let Some(ending) = worker.ended(now)
                && let Some(mut worker) = self.places[index].worker.take()
            {
                self.listen(&mut worker, now);
                self.mourn(worker, ending, now);
            }
        }
        self.leaving.retain_mut(|worker| {
            worker.look(now);
            worker.ended(now).is_none()
        });
    }

    fn depth(&self) -> usize {
        match self.hiring.function.waiting {
            Waiting::Blocking => self.pace.depth(),
            Waiting::Async => self.hiring.in_flight,
        }
    }

    fn send(&mut self, now: Instant) {
        for worker in self
            .places
            .iter_mut()
            .filter_map(|place| place.worker.as_mut())
        {
            worker.send(now);
        }
    }

    fn tell_office(&mut self) {
        if self.settled > 0 {
            let capacity = self.hiring.workers.saturating_mul(self.depth());
            self.office
                .answered(std::mem::take(&mut self.settled), capacity);
        }
    }

    /// Waits until something happens, and listens to those who have something to say.
    fn wait(&mut self, busy: bool, now: Instant) {
        let timeout = match busy {
            true => Some(Duration::ZERO),
            false => self
                .next_look(now)
                .map(|then| then.saturating_duration_since(now)),
        };
        let mut polled = vec![PollFd::new(&self.office.wakeup.woken, PollFlags::IN)];
        let mut indices = Vec::with_capacity(self.places.len());
        for worker in self.workers().filter(|worker| !worker.is_gone()) {
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
            .map(|timeout| timeout.min(LONGEST_WAIT))
            .map(|timeout| Timespec {
                tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: timeout.subsec_nanos().into(),
            });
        // A signal ends the wait as well; then all of it is looked at again.
        if poll(&mut polled, timeout.as_ref()).is_err() {
            return;
        }
        let happened: Vec<_> = polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(polled);
        if happened[0] {
            self.office.wakeup.clear();
        }
        let now = Instant::now();
        for (index, _) in indices
            .into_iter()
            .zip(&happened[1..])
            .filter(|(_, happened)| **happened)
        {
            if let Some(mut worker) = self.places[index].worker.take() {
                self.listen(&mut worker, now);
                self.keep_or_let_go(worker);
            }
        }
    }

    fn listen(&mut self, worker: &mut Worker, now: Instant) {
        let heard = worker.hear(now);
        self.settled += heard.settled;
        self.pace.saw(heard.ran, heard.took);
        if heard.ran > 0 {
            self.places[worker.index].died_young = 0;
            self.failures = 0;
        }
        for call in heard.returned.into_iter().rev() {
            self.pending.push_front(call);
        }
        if heard.ready {
            self.emit(&Event::WorkerStarted {
                worker: worker.index,
                pid: worker.pid(),
            });
        }
    }

    /// Puts a worker back into its place, or replaces it where it has done its share.
    fn keep_or_let_go(&mut self, mut worker: Worker) {
        let hiring = &self.hiring;
        let index = worker.index;
        if worker.is_done(hiring) && worker.calls.is_empty() && worker.ready && !worker.is_gone() {
            worker.let_go();
            worker.lost(Instant::now());
            self.leaving.push(worker);
        } else {
            self.places[index].worker = Some(worker);
        }
    }

    fn next_look(&self, now: Instant) -> Option<Instant> {
        let workers = self.workers().chain(&self.leaving);
        let looks = workers.filter_map(|worker| worker.next_look(now));
        let vacant = self.places.iter().filter(|place| place.worker.is_none());
        let hires = vacant
            .filter_map(|place| place.not_before)
            .chain(self.not_before);
        let wanted = self.missing() > 0;
        let hires = hires.filter(|then| wanted && *then > now);
        looks.chain(hires).min()
    }

    fn workers(&self) -> impl Iterator<Item = &Worker> {
        self.places.iter().filter_map(|place| place.worker.as_ref())
    }

    fn emit(&self, event: &Event<'_>) {
        let mut cx = Context::new(&SystemClock, Waiting::Blocking).with_function(&self.hiring.name);
        if let Some(observer) = &self.hiring.observer {
            cx = cx.with_observer(&**observer);
        }
        cx.emit(*event);
    }
}

/// What `work` leaves behind when it panics is rejected, and so is all that is handed in from then on.
fn guard(office: &Office, work: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(work)) {
        discard(payload);
        office.end(End::Failed(abandoned().into()));
        // The calls that it had were rejected when they were dropped; these were handed in since.
        office.fetch(&mut Fetched::default(), false);
    }
}

/// Takes out the call of that number. Is it there?
fn remove(calls: &mut VecDeque<Call>, id: u64) -> bool {
    // The newest are the likeliest.
    let place = calls.iter().rposition(|call| call.id == id);
    place.and_then(|place| calls.remove(place)).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::limit::ItemTime;
    use super::super::wakeup::Wakeup;
    use super::*;
    use opero_core::{RejectedKind, block_on};
    use std::panic::resume_unwind;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn a_panic_of_the_thread_that_owns_the_workers_rejects_every_call() {
        let office = Office::new(Wakeup::new().unwrap(), 8, 1);
        let (time, ticket) = (ItemTime::default(), AtomicBool::new(false));
        let spare = Mutex::default();
        let hand_in = || office.hand_in(Vec::new(), None, &time, &ticket, &spare);
        let [fetched, waiting] = [hand_in(), hand_in()];
        let mut late = None;
        guard(&office, || {
            let mut here = Fetched::default();
            office.fetch(&mut here, false);
            late = Some(hand_in());
            resume_unwind(Box::new("what is tested"));
        });
        for call in [fetched, waiting, late.unwrap(), hand_in()] {
            let rejected = block_on(call).unwrap_err();
            assert!(
                matches!(rejected.kind(), RejectedKind::Config(_)),
                "{rejected}"
            );
        }
    }
}
