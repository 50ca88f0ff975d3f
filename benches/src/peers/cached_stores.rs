//! `#[concurrent_cached]` on `cached`'s stores that outlive the process. As in its examples, the key is a text made of the
//! arguments.

use cached::macros::concurrent_cached;
use cached::{AsyncRedisCache, RedbCache};

use crate::workload::{Trouble, fetch};
use crate::{scratch, server};

#[concurrent_cached(
    ty = "AsyncRedisCache<String, String>",
    create = { on_redis("redis").await },
    key = "String",
    convert = { format!("{name}:{length}") }
)]
pub(crate) async fn redis(name: &str, length: u64) -> Result<String, Trouble> {
    fetch(name, length)
}

/// The connection lives on the runtime of the first call, so another runtime needs another function.
#[concurrent_cached(
    ty = "AsyncRedisCache<String, String>",
    create = { on_redis("redis-one-thread").await },
    key = "String",
    convert = { format!("{name}:{length}") }
)]
pub(crate) async fn redis_one_thread(name: &str, length: u64) -> Result<String, Trouble> {
    fetch(name, length)
}

#[expect(clippy::expect_used, reason = "`create` has no room for an error")]
async fn on_redis(name: &str) -> AsyncRedisCache<String, String> {
    let cache = AsyncRedisCache::builder(name).ttl_secs(3_600);
    let cache = cache.connection_string(&server::known()).build().await;
    cache.expect("the row has talked to the server before")
}

#[concurrent_cached(
    ty = "RedbCache<String, String>",
    create = { on_redb() },
    key = "String",
    convert = { format!("{name}:{length}") }
)]
pub(crate) fn redb(name: &str, length: u64) -> Result<String, Trouble> {
    fetch(name, length)
}

#[expect(clippy::expect_used, reason = "`create` has no room for an error")]
fn on_redb() -> RedbCache<String, String> {
    let cache = RedbCache::builder("profiles").ttl_secs(3_600);
    let cache = cache.disk_dir(scratch::place("cached-redb")).durable(false);
    let cache = cache.build();
    cache.expect("the row has made the directory before")
}
