//! Every backend of ours passes the suite, and the suite finds what is broken.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

mod objects;
mod ours;
mod store;
