//! What `#[operomap]` promises of maps in worker processes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may panic as tests do"
)]

opero::worker_tests!();

mod processes {
    mod functions;
    mod pipeline;
    mod shapes;
}
