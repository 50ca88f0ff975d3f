//! The promises of the connection, against real servers that each test starts for itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of tests may panic as tests do"
)]

mod address;
mod answers;
#[cfg(feature = "cluster")]
mod cluster;
mod outage;
mod runtimes;
mod support;
#[cfg(feature = "tls")]
mod tls;
