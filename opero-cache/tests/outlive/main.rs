//! What the cache stage makes of stores that outlive it: records, layers, stale values, leases.
//!
//! The store is one of our own in memory, so that a test decides when it fails and when another process comes in; the real
//! ones have tests beside this.
#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

mod store;

// Results are found again by whoever opens the store next, and only by the call they belong to.
mod records;
// A nearer and a farther backend: reads fill the nearer one, writes go to both.
mod layers;
// Past its time to live a result still serves, while one caller refreshes it.
mod stale;
// Of all processes, one executes.
mod leases;
