//! Workers come and go: processes are started as long as there are calls for them, and what the dead had is given to others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_core::{ConfigError, Event, RefusedKind};

use super::super::office::End;
use super::super::start;
use super::super::worker::{Ending, Worker};
use super::Foreman;

/// After so many processes in a row that could not begin, no more are started.
const FAILURES: u32 = 3;

/// The first wait before a worker that died young is replaced, doubled each time.
const BACKOFF: Duration = Duration::from_millis(10);

/// The longest one.
const LONGEST: Duration = Duration::from_secs(1);

/// A worker that died before it was this old died young.
const YOUNG: Duration = Duration::from_secs(1);

/// A call that so many workers died with, nobody knows of what, is taken for the reason.
const MOURNED: u32 = 5;

impl Foreman {
    /// A worker has ended.
    pub(super) fn mourn(&mut self, worker: Worker, ending: Ending, now: Instant) {
        let place = &mut self.places[worker.index];
        let Ending { signal, code } = ending;
        let young = !worker.ready || now < worker.started + YOUNG;
        place.died_young = if young { place.died_young + 1 } else { 0 };
        if worker.is_lost() || !worker.ready {
            let doublings = place.died_young.saturating_sub(1).min(16);
            let backoff = BACKOFF.saturating_mul(1 << doublings).min(LONGEST);
            place.not_before = young.then(|| now + backoff);
        }
        if worker.is_lost() {
            self.emit(&Event::WorkerLost {
                worker: worker.index,
                signal,
                code,
            });
        }
        let culprit = worker.culprit();
        let ready = worker.ready;
        let reason = worker.unfit.clone();
        let known = worker
            .calls
            .iter()
            .any(|sent| culprit == Some(sent.call.id));
        let lost = worker.is_lost();
        for mut sent in worker.calls.into_iter().rev() {
            if lost && !known {
                sent.call.mourned += 1;
            }
            if !sent.is_wanted() {
                self.settled += 1;
            } else if culprit == Some(sent.call.id) || sent.call.mourned == MOURNED {
                self.settled += 1;
                let crashed = RefusedKind::Crashed { signal, code };
                let began = sent.began(self.hiring.function.waiting, worker.progress);
                sent.answer(Err(crashed.into()), worker.index, began, now);
            } else {
                self.pending.push_front(sent.call);
            }
        }
        if !ready {
            self.could_not_begin(&reason.unwrap_or_else(|| described(signal, code)));
        }
    }

    /// A process could not begin. Where none can, the run is told.
    fn could_not_begin(&mut self, reason: &str) {
        self.failures += 1;
        let anybody = self.workers().any(|worker| worker.ready);
        if self.failures >= FAILURES && !anybody {
            let error = ConfigError::new(
                "mode",
                format!("runs in processes, and they cannot begin: {reason}"),
                "`opero::init()` has to be the first thing in `main`; what the processes print stands on standard error",
            );
            self.office.end(End::Failed(error.into()));
        }
    }

    /// Starts processes, as long as there are calls for them.
    pub(super) fn hire(&mut self, now: Instant) {
        let starting = self.workers().filter(|worker| !worker.ready).count();
        let room: usize = self
            .workers()
            .filter_map(Worker::load)
            .map(|load| self.depth().saturating_sub(load))
            .sum();
        let mut wanted = self.pending.len().saturating_sub(starting + room);
        for index in 0..self.places.len() {
            if wanted == 0 {
                return;
            }
            let place = &self.places[index];
            if place.worker.is_some() || place.not_before.is_some_and(|then| now < then) {
                continue;
            }
            wanted -= 1;
            match start::start(&self.hiring, index) {
                Ok(started) => {
                    let waiting = self.hiring.function.waiting;
                    let buffers = Arc::clone(&self.office.buffers);
                    let worker = Worker::new(index, started, waiting, buffers, now);
                    self.places[index].worker = Some(worker);
                }
                Err(error) => {
                    self.places[index].not_before = Some(now + LONGEST);
                    self.could_not_begin(&error.to_string());
                }
            }
        }
    }
}

/// How a process ended that said nothing of it.
fn described(signal: Option<i32>, code: Option<i32>) -> String {
    match (signal, code) {
        (Some(signal), _) => format!("a process was ended by signal {signal}"),
        (None, Some(code)) => format!("a process exited with code {code}"),
        (None, None) => "a process ended".to_owned(),
    }
}
