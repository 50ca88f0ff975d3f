//! The thread of a database: it does everything that takes longer than a moment.

mod flush;
mod opening;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use opero_core::clock::real_now;
use opero_core::sync::lock;

use super::change::Totals;
use super::directory::can_write;
use super::engine::{Engine, Fault, guarded};
use super::id::{Id, KeyspaceId};
use super::mailbox::{Phase, State};
use super::memtable::Memtable;
use super::shared::Shared;
use super::sweep;

/// Pauses between attempts to write where that fails, doubled each time.
const RETRIES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

pub(super) struct Worker<E> {
    pub(super) shared: Arc<Shared<E>>,
    pub(super) totals: HashMap<KeyspaceId, Totals>,
    /// Where the sweep goes on.
    pub(super) cursor: Id,
    next_sweep: Instant,
    /// Writing failed: when it is tried again, and the pause before that.
    retry: Option<(Instant, Duration)>,
    /// It failed inside the engine, which is to be opened anew before the next time.
    is_poisoned: bool,
    /// It was found damaged.
    suspected: Option<opening::Suspect>,
    /// Why the write-ahead logs of earlier processes could not be brought in.
    stuck: Option<String>,
    /// Journals whose content is in the engine after the next flush.
    pub(super) written: Vec<(u64, PathBuf)>,
}

enum Task {
    Open,
    /// Write out, and tell those who asked, up to this number; then perhaps close.
    Flush {
        asked: u64,
        close: bool,
    },
    Sweep,
    GiveUp(Fault),
    Stop,
}

impl<E: Engine> Worker<E> {
    pub(super) fn new(shared: Arc<Shared<E>>) -> Self {
        Self {
            shared,
            totals: HashMap::new(),
            cursor: [0; 32],
            next_sweep: Instant::now(),
            retry: None,
            is_poisoned: false,
            suspected: None,
            stuck: None,
            written: Vec::new(),
        }
    }

    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        loop {
            let task = shared.mailbox.next(|state| self.next(state));
            if matches!(task, Task::Stop) {
                break;
            }
            // Damaged engines panic in more places than those that are asked, such as where they are dropped; and without
            // this thread, callers would wait for ever.
            let done = guarded(|| {
                self.perform(task);
                Ok(())
            });
            if let Err(fault) = done {
                self.recover(&fault);
            }
        }
        let _ = guarded(|| self.write_out());
        self.shut();
        shared.mailbox.tell(|state| state.stopped = true);
    }

    fn perform(&mut self, task: Task) {
        match task {
            Task::Open => {
                // What it met, those who wait for it are told.
                let _ = self.open();
            }
            Task::Flush { asked, close } => self.flush(asked, close),
            Task::Sweep => self.sweep(),
            Task::GiveUp(fault) => self.give_up(&fault),
            Task::Stop => {}
        }
    }

    /// After a panic in the middle of a task: what was being flushed is active again, and no caller waits for that task.
    fn recover(&mut self, fault: &Fault) {
        for keyspace in lock(&self.shared.keyspaces).values() {
            keyspace.memtable(&self.shared.held, Memtable::restore);
        }
        self.give_up(fault);
        self.shared.mailbox.publish(|state| {
            state.done = state.asked;
            state.unwritten = Some(fault.to_string());
        });
    }

    /// What is to be done now, or how long nothing is.
    fn next(&self, state: &mut State) -> Result<Task, Option<Duration>> {
        if state.stop {
            return Ok(Task::Stop);
        }
        if let Some(fault) = state.fault.take() {
            return Ok(Task::GiveUp(fault));
        }
        if state.phase == Phase::Opening {
            return Ok(Task::Open);
        }
        let now = Instant::now();
        let due = match (self.retry, state.dirty) {
            _ if state.asked > state.done => Some(now),
            (Some((at, _)), _) => Some(at),
            (None, Some(_)) if state.urgent => Some(now),
            (None, Some(since)) => Some(since + self.shared.config.tuning.flush),
            (None, None) => None,
        };
        if due.is_some_and(|due| due <= now) {
            state.dirty = None;
            state.urgent = false;
            return Ok(Task::Flush {
                asked: state.asked,
                close: std::mem::take(&mut state.close),
            });
        }
        if state.phase != Phase::Open {
            return Err(due.map(|due| due - now));
        }
        // Removing is writing too: where that fails, nothing is swept.
        let sweep = self.retry.is_none().then_some(self.next_sweep);
        if sweep.is_some_and(|sweep| sweep <= now) {
            return Ok(Task::Sweep);
        }
        let next = due.into_iter().chain(sweep).min();
        Err(next.map(|next| next - now))
    }

    /// Writing does not work: it is tried again after a pause.
    fn postpone(&mut self) {
        let (shortest, longest) = RETRIES;
        let pause = self
            .retry
            .map_or(shortest, |(_, pause)| pause.saturating_mul(2).min(longest));
        self.retry = Some((Instant::now() + pause, pause));
    }

    fn flush(&mut self, asked: u64, close: bool) {
        let outcome = self.write_out_again();
        let unwritten = match outcome {
            Ok(()) => {
                self.retry = None;
                None
            }
            Err(fault) => {
                self.failed_to_write(&fault);
                Some(fault.to_string())
            }
        };
        self.shared
            .refuses
            .store(unwritten.is_some(), Ordering::Relaxed);
        if close {
            self.shut();
        }
        self.shared.mailbox.publish(|state| {
            state.done = asked;
            state.unwritten = unwritten;
            if close {
                state.phase = Phase::Closed;
            }
        });
    }

    /// Writes out; where that failed before, with an engine that was opened anew.
    fn write_out_again(&mut self) -> Result<(), Fault> {
        if (self.is_poisoned || self.stuck.is_some()) && self.shared.engine().is_some() {
            if !can_write(&self.shared.directory) {
                return Err(Fault::Full);
            }
            self.shut();
            self.open()?;
        }
        let held = self.shared.held.load(Ordering::Relaxed);
        if held > 0 && self.shared.engine().is_none() {
            self.open_for_what_is_pending()?;
        }
        if let Some(reason) = &self.stuck {
            return Err(Fault::Failed(reason.clone()));
        }
        self.write_out()
    }

    /// Opens an engine that was lost, and that no call has used since.
    fn open_for_what_is_pending(&mut self) -> Result<(), Fault> {
        match self.shared.breaker.try_enter(real_now()) {
            Ok(()) => self.open(),
            Err(_) => {
                let reason = self
                    .shared
                    .mailbox
                    .tell(|state| state.phase.reason().to_owned());
                Err(Fault::Failed(reason))
            }
        }
    }

    fn failed_to_write(&mut self, fault: &Fault) {
        match fault {
            // What opening met was seen to.
            _ if self.shared.engine().is_none() => {}
            Fault::Damaged(_) => self.give_up(fault),
            Fault::Busy | Fault::Full => {}
            Fault::Failed(_) if E::READS_ON || self.stuck.is_some() => self.is_poisoned = true,
            Fault::Failed(_) => {
                self.shut();
                // What that meets, callers are told when they ask.
                let _ = self.open();
            }
        }
        self.postpone();
    }

    fn sweep(&mut self) {
        self.next_sweep = Instant::now() + self.shared.config.sweep;
        let shared = Arc::clone(&self.shared);
        let engine = shared.engine();
        let Some(engine) = engine.as_ref() else {
            return;
        };
        let mut sweep = sweep::Slice::new(engine, &mut self.totals, &mut self.cursor);
        if let Err(fault) = sweep.run() {
            self.shared.mailbox.tell(|state| {
                state.fault.get_or_insert(fault);
            });
        }
        self.publish_totals();
    }

    pub(super) fn publish_totals(&self) {
        for keyspace in lock(&self.shared.keyspaces).values() {
            let totals = self.totals.get(&keyspace.id).copied().unwrap_or_default();
            keyspace.entries.store(totals.entries, Ordering::Relaxed);
        }
    }
}
