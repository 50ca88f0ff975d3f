//! What the tests share.

use opero_core::Location;
use opero_redis::Redis;
use opero_redis::redis::{self, Cmd};

pub(crate) fn open(url: &str) -> Redis {
    Redis::open(&Location::new(url), "cache_backend").unwrap()
}

pub(crate) fn cmd(words: &[&str]) -> Cmd {
    let mut cmd = Cmd::new();
    cmd.arg(words);
    cmd
}

/// Asks the server over a connection of its own.
pub(crate) fn directly<T: redis::FromRedisValue>(url: &str, words: &[&str]) -> T {
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    cmd(words).query(&mut connection).unwrap()
}
