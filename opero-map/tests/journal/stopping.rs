//! What earlier runs recorded says nothing of how a run goes.

use std::sync::atomic::AtomicUsize;

use opero_map::{OnError, Share};

use crate::support::{Directory, halve, halved};

#[test]
fn recorded_failures_do_not_stop_a_run_before_it_gets_to_what_is_missing() {
    let directory = Directory::new();
    let path = directory.journal();
    halved((0..4).map(|number| number * 2 + 1), &path);
    let calls = AtomicUsize::new(0);
    let items = [1, 3, 5, 7, 2, 4, 6];
    let results = halve(items, &calls, &path)
        .resume_failed(false)
        .on_error(OnError::StopAfter(3))
        .run();
    assert_eq!((results.len(), calls.into_inner()), (7, 3));
}

#[test]
fn recorded_successes_do_not_hide_that_all_is_failing_now() {
    let directory = Directory::new();
    let path = directory.journal();
    let good = || (0..1_000).map(|number| number * 2);
    halved(good(), &path);
    let calls = AtomicUsize::new(0);
    let bad = (0..1_000).map(|number| number * 2 + 1);
    let results = halve(good().chain(bad), &calls, &path)
        .workers(1)
        .on_error(OnError::StopAbove(Share::percent(50.0).unwrap()))
        .run();
    let judged = usize::try_from(OnError::MIN_FINISHED_ITEMS).unwrap();
    assert_eq!(
        (results.len(), calls.into_inner()),
        (1_000 + judged, judged)
    );
}
