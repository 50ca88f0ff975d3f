//! What the tests share.

use std::time::{Duration, Instant};

use opero_core::BackendUri;
use opero_redis::redis::{self, Cmd, FromRedisValue, Value};
use opero_redis::{Error, Redis};

/// A guard against hanging, far longer than anything here takes.
pub(crate) const GUARD: Duration = Duration::from_secs(60);

pub(crate) fn open(url: &str) -> Redis {
    Redis::open(&BackendUri::new(url), "cache_backend").unwrap()
}

/// For what has to succeed, on a machine however busy.
pub(crate) fn open_patiently(url: &str) -> Redis {
    let separator = if url.contains('?') { '&' } else { '?' };
    open(&format!("{url}{separator}timeout=30s&connect_timeout=30s"))
}

pub(crate) fn cmd(words: &[&str]) -> Cmd {
    let mut cmd = Cmd::new();
    cmd.arg(words);
    cmd
}

/// Asks the server over a connection of its own.
pub(crate) fn directly<T: FromRedisValue>(url: &str, words: &[&str]) -> T {
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    cmd(words).query(&mut connection).unwrap()
}

/// Waits until the server has that many connections, besides the one that asks: it hears of a closed one a little later.
pub(crate) fn await_connections(url: &str, expected: usize) {
    let started = Instant::now();
    loop {
        let list: String = directly(url, &["CLIENT", "LIST"]);
        if list.lines().count() == expected + 1 {
            return;
        }
        assert!(started.elapsed() < GUARD, "{list}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Asks until there is an answer, as it should be once the server is left alone no more.
pub(crate) async fn until_answered(redis: &Redis) -> Value {
    let started = Instant::now();
    loop {
        match redis.command(&cmd(&["PING"])).await {
            Ok(value) => return value,
            Err(error) => {
                assert!(error.is_away(), "{error}");
                assert!(started.elapsed() < GUARD, "{error}");
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn ping(redis: &Redis) -> Result<(), Error> {
    redis.ping().await
}
