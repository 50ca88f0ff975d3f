//! Maps in worker processes, with real deaths.
#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

mod crashes;

opero_map::worker_tests!();
