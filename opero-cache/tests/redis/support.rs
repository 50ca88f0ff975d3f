//! What the tests share.

use std::time::Duration;

use opero_cache::backend::RedisCache;
use opero_cache::{CacheOptions, Key, Location};
use opero_redis::redis::{self, Cmd, FromRedisValue};

/// A guard against hanging, far longer than anything here takes.
pub(crate) const GUARD: Duration = Duration::from_secs(60);

pub(crate) const KEY: Key = Key::stable(0xabc);

/// The name of [`KEY`]'s record in [`open`]'s function.
pub(crate) const NAME: &str = "opero:shop:shop%3A%3Aprice:00000000000000000000000000000abc";

pub(crate) fn open(url: &str) -> RedisCache {
    open_for(url, "shop", "shop::price")
}

/// For what has to succeed, on a machine however busy.
pub(crate) fn open_patiently(url: &str) -> RedisCache {
    let separator = if url.contains('?') { '&' } else { '?' };
    open(&format!("{url}{separator}timeout=30s&connect_timeout=30s"))
}

pub(crate) fn open_for(url: &str, namespace: &str, function: &str) -> RedisCache {
    let options = CacheOptions::default()
        .with_namespace(namespace)
        .with_function(function);
    RedisCache::open(&Location::new(url), &options).unwrap()
}

/// Asks the server over a connection of its own.
pub(crate) fn directly<T: FromRedisValue>(url: &str, words: &[&str]) -> T {
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    let mut command = Cmd::new();
    command.arg(words);
    command.query(&mut connection).unwrap()
}
