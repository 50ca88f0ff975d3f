//! What the cache stage makes of stores that outlive it: records, tiers, stale values, leases.
//!
//! The store is one of our own in memory, so that a test decides when it fails and when another process comes in; the real
//! ones have tests beside this.
#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

mod store;

// Results are found again by the next process that opens the store, and only by the call they belong to.
mod records;
// L1 and L2: reads fill L1, writes go to both.
mod tiers;
// Past its time to live a result still serves, while one caller refreshes it.
mod stale;
// Of all processes, one executes.
mod leases;
