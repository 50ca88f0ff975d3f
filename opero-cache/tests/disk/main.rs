//! What the stores on a local disk promise: real directories, real kills.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

mod bounds;
mod child;
mod damage;
mod full;
mod kept;
mod killed;
mod others;
mod resources;
mod support;
