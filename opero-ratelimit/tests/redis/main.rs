//! Limits shared through redis: real servers, real processes, real time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may panic as tests do"
)]

/// The public suite, on all of this crate's backends.
mod conformance;
/// Which calls share a limit, and what is on the server.
mod limits;
/// Redis down, hanging, restarted, rejecting.
mod outage;
/// The bound over real processes, and how much of it they use.
mod processes;
