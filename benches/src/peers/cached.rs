//! The attribute of `cached`: with opero's capacity and time to live (`cached` in the rows), and bare, which neither expires
//! nor evicts (`cached-unbounded`).
//!
//! Its key is owned, so a function that borrows its arguments says how to make one; a function that owns them would
//! have its macro clone them.

use cached::macros::cached;

use crate::workload::profile;

#[cached(key = "(String, u64)", convert = { (name.to_owned(), length) })]
pub(crate) fn bare(name: &str, length: u64) -> String {
    profile(name, length)
}

#[cached(
    max_size = 10_000,
    ttl_secs = 3_600,
    key = "(String, u64)",
    convert = { (name.to_owned(), length) }
)]
pub(crate) fn lru_ttl(name: &str, length: u64) -> String {
    profile(name, length)
}

#[cached(
    max_size = 10_000,
    ttl_secs = 3_600,
    key = "(String, u64)",
    convert = { (name.to_owned(), number) }
)]
pub(crate) fn missed(name: &str, number: u64) -> String {
    profile(name, number % 64)
}

#[cached(key = "(String, u64)", convert = { (name.to_owned(), length) })]
pub(crate) async fn bare_async(name: &str, length: u64) -> String {
    profile(name, length)
}

#[cached(
    max_size = 10_000,
    ttl_secs = 3_600,
    key = "(String, u64)",
    convert = { (name.to_owned(), length) }
)]
pub(crate) async fn lru_ttl_async(name: &str, length: u64) -> String {
    profile(name, length)
}

/// One execution for all callers with the same arguments.
#[cached(
    max_size = 10_000,
    ttl_secs = 3_600,
    sync_writes = "by_key",
    key = "(String, u64)",
    convert = { (name.to_owned(), length) }
)]
pub(crate) async fn flight(name: &str, length: u64) -> String {
    tokio::task::yield_now().await;
    profile(name, length % 64)
}
