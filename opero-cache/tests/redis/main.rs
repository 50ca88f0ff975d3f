//! The promises of the `redis` store, against real servers that each test starts for itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests may panic as tests do"
)]

#[cfg(feature = "redis-cluster")]
mod cluster;
mod idle_leader;
mod leases;
mod outage;
mod records;
mod support;
