//! The main job, as the README's first command runs it: every prompt gets its answer, a second pass over the same prompts
//! executes nothing, and where the cache outlives the process a second run asks the provider for nothing. In worker
//! processes it is the same job; and with a record, a kill repeats nothing that was done.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers of tests may panic as tests do"
)]

// The example's own, for runs of which one outlives another.
#[path = "../../src/provider.rs"]
mod provider;

mod caches;
mod killed;
mod modes;
mod options;
mod support;
