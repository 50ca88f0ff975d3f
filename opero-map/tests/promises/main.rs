//! What a run promises, through its public face.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "these are tests: a helper may fail as well as the test that calls it"
)]

// What a handle from outside does.
mod cancelling;
// Wrong parameters are told, and nothing panics for them.
mod configuration;
// Bounded in flight, lazy, fair.
mod flow;
// Maps in maps, and in runtimes.
mod nesting;
// A panic is its item's result; the input's reaches the caller.
mod panics;
// The right results, in the right order, for any input.
mod results;
// Iterators, streams, and what borrows.
mod sources;
// Errors and drops end a run.
mod stopping;
// Stacks, and rayon, on the threads of a run.
mod threads;
// The report counts what happened.
mod report;
// Items that take too long.
mod timeouts;

use std::time::{Duration, Instant};

use opero_map::{Error, RejectedKind};

/// Is it the error of an item, or of a run that promises all values, that was stopped?
fn is_stopped<E>(error: &Error<E>) -> bool {
    let rejection = error.rejection();
    rejection.is_some_and(|rejected| matches!(rejected.kind(), RejectedKind::Stopped))
}

/// Waits for what other threads are about to do. The limit only turns a hang into a failure.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < limit, "never happened: {what}");
        std::thread::yield_now();
    }
}
