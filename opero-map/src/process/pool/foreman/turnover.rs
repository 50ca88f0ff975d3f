//! Workers come and go: processes are started as long as there are calls for them, and what the dead had is given to others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_core::{ConfigError, Event, RejectedKind, Waiting};

use super::super::office::End;
use super::super::start;
use super::super::worker::{Ending, Worker};
use super::Foreman;

/// After so many processes in a row that could not begin, no more are started.
const FAILURES: u32 = 3;

/// The first wait before a worker that died young is replaced, doubled each time.
const BACKOFF: Duration = Duration::from_millis(10);

/// A process that could not be started is started again after so long.
const AGAIN: Duration = Duration::from_millis(100);

/// The longest one.
const LONGEST: Duration = Duration::from_secs(1);

/// A worker that died before it was this old died young.
const YOUNG: Duration = Duration::from_secs(1);

/// A call that so many workers died with, nobody knows of what, is taken for the reason.
const MOURNED: u32 = 5;

impl Foreman {
    /// A worker has ended.
    pub(super) fn mourn(&mut self, mut worker: Worker, ending: Ending, now: Instant) {
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
        let unexplained = worker.is_lost() && culprit.is_none();
        let ready = worker.ready;
        let reason = worker.unfit.clone();
        let index = worker.index;
        let waiting = self.hiring.function.waiting;
        // Nothing came of it: it answered no call, and none is charged with its end.
        let useless = worker.is_lost() && !worker.served && worker.calls.is_empty();
        for mut sent in std::mem::take(&mut worker.calls).into_iter().rev() {
            sent.call.mourned += u32::from(unexplained);
            if !sent.is_wanted() {
                self.settled += 1;
            } else if culprit == Some(sent.serial) || sent.call.mourned == MOURNED {
                self.settled += 1;
                let crashed = || RejectedKind::Crashed { signal, code }.into();
                let rejected = worker.blame().cloned().unwrap_or_else(crashed);
                let began = sent.began(waiting, worker.progress);
                sent.answer(Err(rejected), index, began, now);
            } else if unexplained
                && (waiting == Waiting::Async || worker.blame().is_some() || sent.call.mourned > 1)
            {
                // All of them ran, and none was being polled; or it was one of them before, and nobody knows which; or any of
                // them is why it had to be killed.
                self.suspects.push_front(sent.call);
            } else {
                self.pending.push_front(sent.call);
            }
        }
        let reason = || reason.unwrap_or_else(|| described(signal, code));
        if !ready {
            self.could_not_begin(&reason());
        } else if useless {
            let nobody = !self.workers().any(|worker| worker.ready);
            self.give_up(
                nobody,
                &format!("they end before their first item: {}", reason()),
                "what the processes print stands on standard error",
            );
        }
    }

    /// A process could not begin what it was started for. Where none can, the run is told.
    fn could_not_begin(&mut self, reason: &str) {
        // Some may take longer to fail than others take to be started again.
        let hopeless = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        let nobody = !self.workers().any(|worker| worker.ready);
        self.give_up(
            nobody && self.failures + 1 >= hopeless,
            &format!("they cannot begin: {reason}"),
            "`opero::init()` has to be the first thing in `main`; what the processes print stands on standard error",
        );
    }

    /// After too many failures in a row, if there is nobody who could work.
    fn give_up(&mut self, nobody: bool, problem: &str, way_out: &str) {
        self.failures += 1;
        if self.failures >= FAILURES && nobody {
            let problem = format!("runs in processes, and {problem}");
            let error = ConfigError::new("mode", problem, way_out);
            self.office.end(End::Failed(error.into()));
        }
    }

    /// How many more workers there are calls for, one each.
    pub(super) fn missing(&self) -> usize {
        let assigned: usize = self.workers().map(|worker| worker.calls.len()).sum();
        let calls = self.pending.len() + self.suspects.len() + assigned;
        calls.saturating_sub(self.workers().count())
    }

    /// Starts processes, as long as there are calls for them.
    pub(super) fn hire(&mut self, now: Instant) {
        if self.not_before.is_some_and(|then| now < then) {
            return;
        }
        let mut wanted = self.missing();
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
                    // The next one would fare no better. Those that there are go on meanwhile.
                    self.not_before = Some(now + AGAIN);
                    let nobody = self.workers().next().is_none();
                    self.give_up(
                        nobody,
                        &format!("none can be started: {error}"),
                        "raise the limits of processes and open files (`ulimit -u`, `ulimit -n`), or give fewer `workers`",
                    );
                    return;
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

#[cfg(test)]
mod tests {
    use super::super::super::call::{Answer, Call, Reply};
    use super::super::super::crew::Hiring;
    use super::super::super::office::{Fetched, Office};
    use super::super::super::start::Started;
    use super::super::super::wakeup::Wakeup;
    use super::*;
    use crate::RemoteFunction;

    /// One worker's foreman.
    fn foreman(waiting: Waiting) -> Foreman {
        let office = Office::new(Wakeup::new().unwrap(), 1, 1);
        let hiring = Hiring {
            name: String::new(),
            function: RemoteFunction {
                path: String::new(),
                waiting,
            },
            workers: 1,
            in_flight: 16,
            memory: None,
            recycle_after: None,
            recycle_above: None,
            observer: None,
            counts: false,
            output: None,
        };
        Foreman::new(hiring, Arc::new(office))
    }

    /// Starts a worker, which gets the calls that there are, and is lost without a word.
    fn lose(foreman: &mut Foreman, ready: bool) {
        let waiting = foreman.hiring.function.waiting;
        let now = Instant::now();
        let (started, _channel) = Started::sleeping();
        let mut worker = Worker::new(0, started, waiting, Arc::default(), now);
        worker.ready = ready;
        foreman.places[0].worker = Some(worker);
        foreman.assign(now);
        let worker = foreman.places[0].worker.take().unwrap();
        foreman.mourn(worker, Ending::default(), now);
    }

    fn is_over(foreman: &Foreman) -> bool {
        let mut fetched = Fetched::default();
        foreman.office.fetch(&mut fetched, false);
        matches!(fetched.end, Some(End::Failed(_)))
    }

    #[test]
    fn three_workers_in_a_row_that_do_nothing_end_the_run() {
        for ready in [false, true] {
            let mut foreman = foreman(Waiting::Blocking);
            for lost in 1..=3 {
                lose(&mut foreman, ready);
                assert_eq!(is_over(&foreman), lost == 3, "{lost} lost, ready: {ready}");
            }
        }
    }

    #[test]
    fn a_call_whose_workers_are_lost_without_an_answer_is_charged_with_the_third() {
        // All calls of an async worker run: the second one is alone already.
        for (waiting, most) in [(Waiting::Blocking, 3), (Waiting::Async, 2)] {
            let mut foreman = foreman(waiting);
            let answer = Arc::<Answer>::default();
            foreman.pending.push_back(Call {
                id: 1,
                arguments: Vec::new().into(),
                limit: None,
                handed_in: Instant::now(),
                reply: Reply::new(&answer),
                mourned: 0,
            });
            for lost in 1..=most {
                lose(&mut foreman, true);
                assert_eq!(answer.is_set(), lost == most, "{lost} lost, {waiting:?}");
            }
            assert!(foreman.pending.is_empty() && foreman.suspects.is_empty());
        }
    }
}
