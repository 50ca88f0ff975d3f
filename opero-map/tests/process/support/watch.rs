//! The workers of the runs of this test binary, by the names of the runs.

use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use opero_map::Event;
use rustix::process::{Pid, Signal, kill_process};

#[derive(Debug, Clone)]
struct Change {
    run: String,
    worker: usize,
    /// Its process id, or that it is lost.
    pid: Option<u32>,
}

static CHANGES: Mutex<Vec<Change>> = Mutex::new(Vec::new());

/// Long after a worker that starts would have started.
const GUARD: Duration = Duration::from_secs(30);

/// Watches from here on.
pub(crate) fn begin() {
    static BEGIN: Once = Once::new();
    BEGIN.call_once(|| {
        opero_core::observe(|run: &str, event: &Event<'_>| {
            let (worker, pid) = match *event {
                Event::WorkerStarted { worker, pid } => (worker, Some(pid)),
                Event::WorkerLost { worker, .. } => (worker, None),
                _ => return,
            };
            let run = run.to_owned();
            let mut changes = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
            changes.push(Change { run, worker, pid });
        });
    });
}

fn changes(run: &str) -> Vec<Change> {
    let changes = CHANGES.lock().unwrap_or_else(PoisonError::into_inner);
    let own = changes.iter().filter(|change| change.run == run);
    own.cloned().collect()
}

/// How many workers of the run were lost.
pub(crate) fn lost(run: &str) -> usize {
    let changes = changes(run);
    changes.iter().filter(|change| change.pid.is_none()).count()
}

/// The workers that the run has now.
pub(crate) fn alive(run: &str) -> Vec<u32> {
    let mut workers: Vec<Option<u32>> = Vec::new();
    for change in changes(run) {
        if workers.len() <= change.worker {
            workers.resize(change.worker + 1, None);
        }
        workers[change.worker] = change.pid;
    }
    workers.into_iter().flatten().collect()
}

/// Waits until the run has a worker, and kills one of them: the one that `choice` says, if there
/// are several.
pub(crate) fn kill_one(run: &str, choice: usize) -> u32 {
    let started = Instant::now();
    loop {
        let alive = alive(run);
        let chosen = alive.get(choice % alive.len().max(1));
        // It may have crashed and been reaped since; then another one is on its way.
        if let Some(pid) = chosen
            && let Some(raw) = i32::try_from(*pid).ok().and_then(Pid::from_raw)
            && kill_process(raw, Signal::KILL).is_ok()
        {
            return *pid;
        }
        assert!(started.elapsed() < GUARD, "no worker of {run} to kill");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until so many workers of the run were lost.
pub(crate) fn wait_until_lost(run: &str, workers: usize) {
    let started = Instant::now();
    while lost(run) < workers {
        assert!(
            started.elapsed() < GUARD,
            "of {workers} workers of {run} only {} are known to be lost",
            lost(run)
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Stops a worker: it runs on, and does nothing.
pub(crate) fn stop(pid: u32) {
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    kill_process(raw, Signal::STOP).unwrap();
    // The signal is on its way to each of its threads.
    let started = Instant::now();
    while !is_stopped(pid) {
        assert!(started.elapsed() < GUARD, "worker {pid} does not stop");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Are all threads of the process?
fn is_stopped(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads.map(Result::unwrap).all(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // `id (name) state …`
        let state = stat.rsplit(')').next().unwrap_or_default();
        state.trim_start().starts_with('T')
    })
}
