//! What a worker runs once, before its first item.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use opero_core::Error;
use opero_core::stable::{OutcomeCodec, read};
use opero_map::process::{WorkerFunction, WorkerRun};

use crate::support::deeds::{Deed, Told};
use crate::support::hand::{Hand, results};

/// How often this process has prepared itself.
static PREPARED: AtomicU64 = AtomicU64::new(0);

fn prepare() {
    // Long enough for items to come in the meantime, if they were sent.
    std::thread::sleep(std::time::Duration::from_millis(50));
    PREPARED.fetch_add(1, Ordering::Relaxed);
}

const PREPARED_FUNCTION: WorkerFunction = WorkerFunction {
    path: || "preparing::prepared".to_owned(),
    run: WorkerRun::Blocking(|deed, out| {
        let _: Deed = read(deed)?;
        let told: Result<Told, Error<String>> = Ok(Told {
            number: PREPARED.load(Ordering::Relaxed),
            text: String::new(),
            pid: std::process::id(),
        });
        OutcomeCodec::postcard().encode(told.as_ref(), out)
    }),
    init: Some(prepare),
};

#[expect(clippy::panic, reason = "what is tested")]
const UNPREPARED: WorkerFunction = WorkerFunction {
    path: || "preparing::unprepared".to_owned(),
    init: Some(|| panic!("there is no model")),
    ..PREPARED_FUNCTION
};

const FATAL: WorkerFunction = WorkerFunction {
    path: || "preparing::fatal".to_owned(),
    init: Some(|| std::process::abort()),
    ..PREPARED_FUNCTION
};

/// Takes its own time to fail.
#[expect(clippy::panic, reason = "what is tested")]
const UNPREPARED_IN_TIME: WorkerFunction = WorkerFunction {
    path: || "preparing::unprepared-in-time".to_owned(),
    init: Some(|| {
        let share = u64::from(std::process::id() % 5);
        std::thread::sleep(std::time::Duration::from_millis(share * 60));
        panic!("there is no model")
    }),
    ..PREPARED_FUNCTION
};

opero_core::inventory::submit! { UNPREPARED_IN_TIME }
opero_core::inventory::submit! { PREPARED_FUNCTION }
opero_core::inventory::submit! { UNPREPARED }
opero_core::inventory::submit! { FATAL }

fn run(function: WorkerFunction) -> Vec<Result<Told, Error<String>>> {
    let hand = Hand::<false> {
        function: Some(function),
        ..Hand::PLAIN
    };
    results(hand.over("prepared", vec![Deed::Tell(0); 300]))
}

#[test]
fn each_worker_prepares_itself_once_and_before_its_first_item() {
    let told: Vec<_> = run(PREPARED_FUNCTION)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(told.len(), 300);
    assert!(told.iter().all(|told| told.number == 1));
    let workers: HashSet<_> = told.iter().map(|told| told.pid).collect();
    assert!((1..=2).contains(&workers.len()));
}

/// Every item is told why, and no more processes are started.
#[test]
fn a_worker_that_cannot_prepare_itself_is_told_of() {
    for (function, reason) in [(UNPREPARED, "there is no model"), (FATAL, "signal 6")] {
        let results = run(function);
        assert_eq!(results.len(), 300);
        for result in results {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), opero_map::ErrorKind::Config);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}

/// Also where there is always one that has not failed yet.
#[test]
fn workers_that_fail_one_after_the_other_are_told_of() {
    let hand = Hand::<false> {
        function: Some(UNPREPARED_IN_TIME),
        ..Hand::PLAIN
    };
    let run = hand.over("unprepared", vec![Deed::Tell(0); 30]).workers(6);
    for result in results(run) {
        assert_eq!(result.unwrap_err().kind(), opero_map::ErrorKind::Config);
    }
}
