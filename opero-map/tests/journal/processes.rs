//! The same where the function runs in worker processes.

use std::path::Path;

use opero_map::journal::{Journal, State};
use opero_map::{Error, map_worker, worker};

use crate::child::say;
use crate::killed::{ITEMS, kill_again_and_again, runs};
use crate::support::Directory;

opero_map::worker_tests!();

worker!(RUNS = runs: fn(u64) -> Result<u64, String>);

#[test]
fn what_worker_processes_did_before_a_kill_does_not_run_again() {
    kill_again_and_again("processes", 12);
}

/// In the process that is killed.
pub(crate) fn run_in_processes(path: &Path) {
    let run = map_worker(0..ITEMS, &RUNS).resumable("runs").resume(path);
    for result in run.workers(2).iter() {
        say("did", result.unwrap());
    }
}

fn fatal_at_5(number: u64) -> Result<u64, String> {
    if number == 5 {
        std::process::abort();
    }
    Ok(number)
}
worker!(FATAL = fatal_at_5: fn(u64) -> Result<u64, String>);

#[test]
fn a_crash_is_recorded_with_the_worker_that_it_took() {
    let directory = Directory::new();
    let run = || {
        let run = map_worker(0..10, &FATAL).workers(2).resumable("fatal");
        run.resume(directory.journal()).resume_failed(false)
    };
    let first = run().run();
    assert!(first[5].as_ref().is_err_and(Error::is_crash));
    let journal = Journal::open(directory.journal()).unwrap();
    assert_eq!((journal.ok(), journal.failed()), (9, 1));
    for entry in journal.entries() {
        let entry = entry.unwrap();
        assert!(entry.worker.is_some_and(|worker| worker < 2), "{entry:?}");
        assert_eq!(entry.attempts, 1);
        assert_eq!(entry.state == State::Failed, entry.index == 5);
    }
    let (second, report) = run().run_report();
    assert!(second[5].as_ref().is_err_and(Error::is_crash));
    assert_eq!((report.resumed, report.executions), (10, 0));
}
