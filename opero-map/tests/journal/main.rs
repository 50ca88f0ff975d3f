//! Runs that are recorded, and go on where an earlier one ended.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests may panic as tests do"
)]

mod child;
mod compaction;
mod damage;
mod full;
mod killed;
#[cfg(feature = "process")]
mod processes;
mod reading;
mod rejected;
mod resumed;
mod stopping;
mod support;
