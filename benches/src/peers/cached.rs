//! The attribute of `cached`: bare, which neither expires nor evicts, and with opero's capacity and time to live.

use cached::macros::cached;

use crate::workload::profile;

#[cached]
pub(crate) fn bare(name: String, length: u64) -> String {
    profile(&name, length)
}

#[cached(max_size = 10_000, ttl_secs = 3_600)]
pub(crate) fn lru_ttl(name: String, length: u64) -> String {
    profile(&name, length)
}

#[cached]
pub(crate) async fn bare_async(name: String, length: u64) -> String {
    profile(&name, length)
}

#[cached(max_size = 10_000, ttl_secs = 3_600)]
pub(crate) async fn lru_ttl_async(name: String, length: u64) -> String {
    profile(&name, length)
}

/// One execution for all callers with the same arguments.
#[cached(max_size = 10_000, ttl_secs = 3_600, sync_writes = "by_key")]
pub(crate) async fn flight(name: String, length: u64) -> String {
    tokio::task::yield_now().await;
    profile(&name, length % 64)
}
