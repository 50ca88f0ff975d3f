//! Restarts workers: spawns processes while calls wait, and dispatches the calls of a crashed
//! worker again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_core::{ConfigError, Event, RejectedKind, WaitMode};

use super::super::call_queue::PoolEnd;
use super::super::worker_handle::{ExitInfo, WorkerHandle};
use super::Supervisor;
use crate::executor::process::pool::spawn;

/// The failed starts in a row after which the pool fails.
const MAX_START_FAILURES: u32 = 3;

/// The delay before a restart after an early exit, doubled each time.
const RESTART_DELAY: Duration = Duration::from_millis(10);

/// The delay before another attempt to spawn a process.
const SPAWN_RETRY_DELAY: Duration = Duration::from_millis(100);

/// The longest delay before a restart.
const MAX_RESTART_DELAY: Duration = Duration::from_secs(1);

/// An exit within this time of the start is an early exit.
const EARLY_EXIT_WINDOW: Duration = Duration::from_secs(1);

/// The unexplained crashes after which a call is charged with the crash.
const MAX_UNEXPLAINED_CRASHES: u32 = 5;

impl Supervisor {
    /// Handles the exit of a worker: charges the crashed call, and dispatches its other calls
    /// again.
    pub(super) fn on_exit(&mut self, mut worker: WorkerHandle, exit: ExitInfo, now: Instant) {
        let slot = &mut self.slots[worker.index];
        let ExitInfo { signal, code } = exit;
        let early = !worker.ready || now < worker.started + EARLY_EXIT_WINDOW;
        slot.early_exits = if early { slot.early_exits + 1 } else { 0 };
        if worker.is_crash() || !worker.ready {
            let doublings = slot.early_exits.saturating_sub(1).min(16);
            let backoff = RESTART_DELAY
                .saturating_mul(1 << doublings)
                .min(MAX_RESTART_DELAY);
            slot.spawn_not_before = early.then(|| now + backoff);
        }
        if worker.is_crash() {
            self.emit(&Event::WorkerLost {
                worker: worker.index,
                signal,
                code,
            });
        }
        let crashed_call = worker.crashed_call();
        let unexplained = worker.is_crash() && crashed_call.is_none();
        let ready = worker.ready;
        let reason = worker.start_error.clone();
        let index = worker.index;
        let waiting = self.config.function.waiting;
        // It answered no call, and no call is charged with its exit.
        let useless = worker.is_crash() && !worker.has_answered && worker.calls.is_empty();
        for mut sent in std::mem::take(&mut worker.calls).into_iter().rev() {
            sent.call.unexplained_crashes += u32::from(unexplained);
            if !sent.is_wanted() {
                self.settled += 1;
            } else if crashed_call == Some(sent.serial)
                || sent.call.unexplained_crashes == MAX_UNEXPLAINED_CRASHES
            {
                self.settled += 1;
                let crashed = || RejectedKind::Crashed { signal, code }.into();
                let rejected = worker.kill_reason().cloned().unwrap_or_else(crashed);
                let began = sent.began(waiting, worker.last_progress);
                sent.answer(Err(rejected), index, began, now);
            } else if unexplained
                && (waiting == WaitMode::Async
                    || worker.kill_reason().is_some()
                    || sent.call.unexplained_crashes > 1)
            {
                // Retried alone: all of them ran and none was being polled; or one of them crashed
                // a worker before; or one of them made the parent kill it.
                self.isolated.push_front(sent.call);
            } else {
                self.pending.push_front(sent.call);
            }
        }
        let reason = || reason.unwrap_or_else(|| exit_reason(signal, code));
        if !ready {
            self.on_failed_start(&reason());
        } else if useless {
            let no_worker = !self.workers().any(|worker| worker.ready);
            self.count_failure(
                no_worker,
                &format!("they end before their first item: {}", reason()),
                "what the processes print stands on standard error",
            );
        }
    }

    /// Counts a process that could not start. The pool fails where none can.
    fn on_failed_start(&mut self, reason: &str) {
        // A slow failure may overlap with the restarts of others.
        let hopeless = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let no_worker = !self.workers().any(|worker| worker.ready);
        self.count_failure(
            no_worker && self.failures + 1 >= hopeless,
            &format!("they cannot begin: {reason}"),
            "`opero::init()` has to be the first thing in `main`; what the processes print stands on standard error",
        );
    }

    /// Fails the pool after too many failures in a row, if no worker is left.
    fn count_failure(&mut self, no_worker: bool, problem: &str, way_out: &str) {
        self.failures += 1;
        if self.failures >= MAX_START_FAILURES && no_worker {
            let problem = format!("runs in processes, and {problem}");
            let error = ConfigError::new("mode", problem, way_out);
            self.queue.end(PoolEnd::Failed(error.into()));
        }
    }

    /// Returns how many more workers the calls need, one each.
    pub(super) fn missing(&self) -> usize {
        let assigned: usize = self.workers().map(|worker| worker.calls.len()).sum();
        let calls = self.pending.len() + self.isolated.len() + assigned;
        calls.saturating_sub(self.workers().count())
    }

    /// Spawns processes while there are calls for them.
    pub(super) fn spawn_missing(&mut self, now: Instant) {
        if self.spawn_not_before.is_some_and(|then| now < then) {
            return;
        }
        let mut wanted = self.missing();
        for index in 0..self.slots.len() {
            if wanted == 0 {
                return;
            }
            let slot = &self.slots[index];
            if slot.worker.is_some() || slot.spawn_not_before.is_some_and(|then| now < then) {
                continue;
            }
            wanted -= 1;
            match spawn::spawn(&self.config, index) {
                Ok(started) => {
                    let waiting = self.config.function.waiting;
                    let buffers = Arc::clone(&self.queue.buffers);
                    let worker = WorkerHandle::new(index, started, waiting, buffers, now);
                    self.slots[index].worker = Some(worker);
                }
                Err(error) => {
                    // The next spawn would fail, too. Running workers go on meanwhile.
                    self.spawn_not_before = Some(now + SPAWN_RETRY_DELAY);
                    let no_worker = self.workers().next().is_none();
                    self.count_failure(
                        no_worker,
                        &format!("none can be started: {error}"),
                        "raise the limits of processes and open files (`ulimit -u`, `ulimit -n`), or give fewer `workers`",
                    );
                    return;
                }
            }
        }
    }
}

/// Describes the exit of a process that gave no reason.
fn exit_reason(signal: Option<i32>, code: Option<i32>) -> String {
    match (signal, code) {
        (Some(signal), _) => format!("a process was ended by signal {signal}"),
        (None, Some(code)) => format!("a process exited with code {code}"),
        (None, None) => "a process ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::call::{Call, Reply, ReplySlot};
    use super::super::super::call_queue::{CallQueue, Submitted};
    use super::super::super::spawn::SpawnedWorker;
    use super::super::super::wakeup::Wakeup;
    use super::*;
    use crate::executor::process::pool::config::PoolConfig;
    use crate::job::RemoteFunction;

    /// One worker's supervisor.
    fn supervisor(waiting: WaitMode) -> Supervisor {
        let queue = CallQueue::new(Wakeup::new().unwrap(), 1, 1);
        let config = PoolConfig {
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
        Supervisor::new(config, Arc::new(queue))
    }

    /// Starts a worker, which gets the calls that there are, and is lost without a word.
    fn lose(supervisor: &mut Supervisor, ready: bool) {
        let waiting = supervisor.config.function.waiting;
        let now = Instant::now();
        let (started, _channel) = SpawnedWorker::sleeping();
        let mut worker = WorkerHandle::new(0, started, waiting, Arc::default(), now);
        worker.ready = ready;
        supervisor.slots[0].worker = Some(worker);
        supervisor.dispatch(now);
        let worker = supervisor.slots[0].worker.take().unwrap();
        supervisor.on_exit(worker, ExitInfo::default(), now);
    }

    fn is_over(supervisor: &Supervisor) -> bool {
        let mut submitted = Submitted::default();
        supervisor.queue.take_submitted(&mut submitted, false);
        matches!(submitted.end, Some(PoolEnd::Failed(_)))
    }

    #[test]
    fn three_workers_in_a_row_that_do_nothing_end_the_run() {
        for ready in [false, true] {
            let mut supervisor = supervisor(WaitMode::Blocking);
            for lost in 1..=3 {
                lose(&mut supervisor, ready);
                assert_eq!(
                    is_over(&supervisor),
                    lost == 3,
                    "{lost} lost, ready: {ready}"
                );
            }
        }
    }

    #[test]
    fn a_call_whose_workers_are_lost_without_an_answer_is_charged_with_the_third() {
        // All calls of an async worker run: the second one is alone already.
        for (waiting, most) in [(WaitMode::Blocking, 3), (WaitMode::Async, 2)] {
            let mut supervisor = supervisor(waiting);
            let answer = Arc::<ReplySlot>::default();
            supervisor.pending.push_back(Call {
                id: 1,
                arguments: Vec::new().into(),
                limit: None,
                submitted_at: Instant::now(),
                reply: Reply::new(&answer),
                unexplained_crashes: 0,
            });
            for lost in 1..=most {
                lose(&mut supervisor, true);
                assert_eq!(answer.is_set(), lost == most, "{lost} lost, {waiting:?}");
            }
            assert!(supervisor.pending.is_empty() && supervisor.isolated.is_empty());
        }
    }
}
