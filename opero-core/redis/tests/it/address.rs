//! What is wrong with a URL is said, without the URL.

use std::process::Command;

use opero_core::{BackendUri, ConfigError};
use opero_redis::{Address, Redis};
use opero_test_servers::RedisServer;

use crate::support::ping;

fn rejected(text: &str) -> ConfigError {
    Redis::open(&BackendUri::new(text), "cache_backend").unwrap_err()
}

#[test]
fn what_is_wrong_is_named_with_the_way_out_and_without_a_secret() {
    for (url, expected) in [
        ("redis://anna:geheim@", "not a redis URL"),
        ("redis://anna:geheim/x@host", "not a redis URL"),
        ("redis://anna:geheim@host:port", "not a redis URL"),
        ("redis://anna:geheim@host/geheim", "not a redis URL"),
        ("redis://anna:ge#heim@host", "write it as `%23`"),
        ("redis://host?timeout=geheim", "a setting `timeout`"),
        ("redis://host?timeout=0", "a setting `timeout` of nothing"),
        ("redis://host?tiemout=1", "did you mean `timeout`?"),
        ("redis://host?geheim=1", "the settings are `timeout`"),
        ("redis://host?protocol=geheim", "not a redis URL"),
        #[cfg(not(feature = "tls"))]
        ("rediss://anna:geheim@host", "the Cargo feature `tls`"),
        #[cfg(not(feature = "cluster"))]
        (
            "redis://anna:geheim@host?cluster=true",
            "the Cargo feature `cluster`",
        ),
    ] {
        let error = rejected(url);
        let text = format!("{error} {error:?}");
        assert!(text.contains(expected), "{url}: {text}");
        assert_eq!(error.parameter(), "cache_backend");
        for secret in ["geheim", "heim@", "anna"] {
            assert!(!text.contains(secret), "{url}: {text}");
        }
    }
}

#[test]
fn debug_shows_no_secret() {
    let uri = BackendUri::new("redis://anna:geheim@host:1/2?timeout=1s");
    let address = Address::of(&uri, "cache_backend").unwrap();
    let redis = Redis::open(&uri, "cache_backend").unwrap();
    let text = format!("{address:?} {redis:?} {:?}", redis.scan("geheim*"));
    assert!(!text.contains("geheim") && !text.contains("anna"), "{text}");
    assert!(text.contains("host:1"), "{text}");
}

#[test]
fn a_caller_takes_its_own_settings() {
    let uri = BackendUri::new("redis://host?lease=5s&timeout=1s");
    let mut address = Address::of(&uri, "cache_backend").unwrap();
    let lease = address.query_params().take_time("lease").unwrap();
    assert_eq!(lease, Some(std::time::Duration::from_secs(5)));
    address.open().unwrap();
    assert!(
        rejected("redis://host?lease=5s")
            .to_string()
            .contains("unknown setting")
    );
}

const CHILD: &str = "OPERO_TEST_REDIS_CHILD";

/// The variable is read in a process of its own: it is the whole process's.
fn in_child(uri: &str, url: Option<&str>) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "address::child", "--nocapture"]);
    child.env(CHILD, uri).env_remove("OPERO_REDIS_URL");
    child.envs(url.map(|url| ("OPERO_REDIS_URL", url)));
    let output = child.output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn child() {
    // Only as a process of the test below.
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let uri = std::env::var(CHILD).unwrap();
    match Redis::open(&BackendUri::new(uri), "cache_backend") {
        Err(error) => println!("said: {error}"),
        Ok(redis) => println!("said: {:?}", opero_core::block_on(ping(&redis))),
    }
}

/// A time that no clock reaches is no limit.
#[test]
fn the_longest_times_are_taken() {
    let server = RedisServer::start().unwrap();
    let url = format!("{}?timeout=1e19&connect_timeout=1e19", server.url());
    let redis = Redis::open(&BackendUri::new(url), "cache_backend").unwrap();
    opero_core::block_on(ping(&redis)).unwrap();
}

#[test]
fn the_plain_name_means_the_url_in_the_variable() {
    let server = RedisServer::start().unwrap();
    let url = format!("{}?timeout=30s&connect_timeout=30s", server.url());
    // With settings of its own, which come first; an unknown one is rejected wherever it stands.
    for uri in ["redis", "redis://", "redis://?timeout=40s"] {
        let said = in_child(uri, Some(&url));
        assert!(said.contains("said: Ok(())"), "{said}");
    }
    let said = in_child("redis://?timeout=soon", Some(&url));
    assert!(
        said.contains("`timeout` whose value cannot be read"),
        "{said}"
    );
    let said = in_child("redis", None);
    assert!(
        said.contains("said: `cache_backend` says `redis`, and the variable `OPERO_REDIS_URL` is not set: set it"),
        "{said}"
    );
    let said = in_child("redis", Some("redis://anna:geheim@host:port"));
    assert!(
        said.contains("said: `OPERO_REDIS_URL` is not a redis URL: "),
        "{said}"
    );
    assert!(!said.contains("geheim"), "{said}");
}
