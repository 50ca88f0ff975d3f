//! Ours: the decorated functions of the rows.

use opero::{opero, operomap};

use crate::workload::{Failure, Trouble, fetch, profile, spin, turn, work};
use crate::{scratch, server};

pub(crate) mod success {
    use super::*;

    #[opero(cache = false)]
    pub(crate) async fn retry(input: u64) -> Result<u64, Failure> {
        work(input, "large").await
    }

    /// The limit is consulted and never reached: a start every nanosecond.
    #[opero(cache = false, rate_limit = 1_000_000_000, rate_burst = 4_000_000_000)]
    pub(crate) async fn stack(
        input: u64,
        #[fallback("large", "small")] model: &'static str,
    ) -> Result<u64, Failure> {
        work(input, model).await
    }
}

/// Everything by default: retries don't apply to a function that cannot fail, the cache does.
pub(crate) mod hit {
    use super::*;

    #[opero]
    pub(crate) fn memory(name: &str, length: u64) -> String {
        profile(name, length)
    }

    #[opero(cache_backend = "quick")]
    pub(crate) fn quick(name: &str, length: u64) -> String {
        profile(name, length)
    }

    #[opero]
    pub(crate) fn missed_memory(name: &str, number: u64) -> String {
        profile(name, number % 64)
    }

    #[opero(cache_backend = "quick")]
    pub(crate) fn missed_quick(name: &str, number: u64) -> String {
        profile(name, number % 64)
    }

    #[opero]
    pub(crate) async fn memory_async(name: &str, length: u64) -> String {
        profile(name, length)
    }

    #[opero(cache_backend = "quick")]
    pub(crate) async fn quick_async(name: &str, length: u64) -> String {
        profile(name, length)
    }

    #[opero]
    pub(crate) async fn flight(name: &str, length: u64) -> String {
        tokio::task::yield_now().await;
        profile(name, length % 64)
    }
}

/// Results that outlive the process. Everything else by default: an hour, a single-flight, a bounded wait.
pub(crate) mod stored {
    use super::*;

    #[opero(cache_backend = server::known())]
    pub(crate) async fn redis(name: &str, length: u64) -> Result<String, Trouble> {
        fetch(name, length)
    }

    #[opero(cache_backend = format!("disk://{}", scratch::place("opero-disk")))]
    pub(crate) fn disk(name: &str, length: u64) -> Result<String, Trouble> {
        fetch(name, length)
    }

    #[opero(cache_backend = format!("redb://{}", scratch::place("opero-redb")))]
    pub(crate) fn redb(name: &str, length: u64) -> Result<String, Trouble> {
        fetch(name, length)
    }
}

/// A limit that all processes share and that is never reached: what is measured is a decision.
pub(crate) mod limited {
    use super::*;

    /// Asks the server for each permit.
    #[opero(
        cache = false,
        rate_limit = 10_000_000,
        rate_burst = 10_000_000,
        rate_backend = server::known()
    )]
    pub(crate) async fn single(input: u64) -> Result<u64, Trouble> {
        Ok(input)
    }

    /// Takes permits in blocks of up to a thousand.
    #[opero(
        cache = false,
        rate_limit = 10_000_000,
        rate_burst = 10_000_000,
        rate_backend = format!("{}?batch=1000", server::known())
    )]
    pub(crate) async fn block(input: u64) -> Result<u64, Trouble> {
        Ok(input)
    }
}

pub(crate) mod map {
    use super::*;

    #[operomap(cache = false, progress = false)]
    pub(crate) async fn double_async(item: u64) -> u64 {
        item.wrapping_mul(2)
    }

    #[operomap(cache = false, progress = false)]
    pub(crate) async fn spin_async(item: u64) -> u64 {
        spin(item)
    }

    #[operomap(cache = false, progress = false)]
    pub(crate) fn double(item: u64) -> u64 {
        item.wrapping_mul(2)
    }

    #[operomap(resume_version = 1, cache = false, progress = false)]
    pub(crate) fn double_recorded(item: u64) -> u64 {
        item.wrapping_mul(2)
    }

    #[operomap(cache = false, progress = false)]
    pub(crate) fn spin_items(item: u64) -> u64 {
        spin(item)
    }
}

/// In two processes. Everything else by default.
pub(crate) mod process {
    use super::*;

    #[operomap(mode = "process", workers = 2, cache = false, progress = false)]
    pub(crate) fn double(item: u64) -> u64 {
        item.wrapping_mul(2)
    }

    #[operomap(mode = "process", workers = 2, cache = false, progress = false)]
    pub(crate) fn long(item: (u64, u64)) -> u64 {
        let (state, turns) = item;
        turn(state, turns)
    }

    #[operomap(mode = "process", workers = 2, cache = false, progress = false)]
    pub(crate) fn text(item: String) -> String {
        item
    }

    #[operomap(mode = "process", workers = 2, cache = false, progress = false)]
    pub(crate) fn bytes(item: Vec<u8>) -> Vec<u8> {
        item
    }
}
