//! A store that is away is an error in bounded time, and is used again when it is back.

use std::time::{Duration, Instant};

use opero_cache::{Backend, BackendUri, ByteStore, CacheOptions, backend::RedisCache};
use opero_core::block_on;
use opero_test_servers::RedisServer;

use crate::support::{GUARD, KEY, directly, open, open_patiently};

async fn until_there(store: &RedisCache) -> Option<Vec<u8>> {
    let started = Instant::now();
    loop {
        match store.get(&KEY).await {
            Ok(record) => return record,
            Err(error) => assert!(started.elapsed() < GUARD, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn killed_and_restarted_empty_it_is_used_again() {
    let mut server = RedisServer::start().unwrap();
    let store = open(&server.url());
    store.put(&KEY, vec![1], None).await.unwrap();
    server.kill();
    for _ in 0..100 {
        assert!(store.get(&KEY).await.is_err());
        assert!(store.put(&KEY, vec![1], None).await.is_err());
        assert!(store.claim(&KEY).await.is_err());
    }
    server.restart_empty().unwrap();
    assert_eq!(until_there(&store).await, None);
    store.put(&KEY, vec![2], None).await.unwrap();
    assert_eq!(store.get(&KEY).await.unwrap(), Some(vec![2]));
}

#[tokio::test]
async fn paused_it_costs_one_call_its_timeout_and_is_used_again() {
    let server = RedisServer::start().unwrap();
    let store = open(&server.url());
    store.put(&KEY, vec![1], None).await.unwrap();
    server.pause().unwrap();
    let started = Instant::now();
    for _ in 0..1_000 {
        assert!(store.get(&KEY).await.is_err());
    }
    assert!(started.elapsed() < GUARD);
    server.resume().unwrap();
    assert_eq!(until_there(&store).await, Some(vec![1]));
}

/// As after a failover: the server still answers what only reads.
#[tokio::test]
async fn a_replica_gives_hits_and_is_written_to_once_it_is_a_master_again() {
    let server = RedisServer::start().unwrap();
    let url = server.url();
    let store = open_patiently(&url);
    store.put(&KEY, vec![1], None).await.unwrap();
    let () = directly(&url, &["REPLICAOF", "127.0.0.1", "1"]);
    for _ in 0..400 {
        assert!(store.put(&KEY, vec![2], None).await.is_err());
        assert!(store.claim(&KEY).await.is_err());
        assert_eq!(store.get(&KEY).await.unwrap(), Some(vec![1]));
    }
    let () = directly(&url, &["REPLICAOF", "NO", "ONE"]);
    let started = Instant::now();
    while store.put(&KEY, vec![3], None).await.is_err() {
        assert!(started.elapsed() < GUARD);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(store.get(&KEY).await.unwrap(), Some(vec![3]));
}

#[test]
fn sync_callers_are_served_anywhere() {
    let server = RedisServer::start().unwrap();
    let store = open(&server.url());
    let round = || {
        block_on(store.put(&KEY, vec![1], None)).unwrap();
        assert_eq!(block_on(store.get(&KEY)).unwrap(), Some(vec![1]));
        block_on(store.clear()).unwrap();
        let claim = block_on(store.claim(&KEY)).unwrap();
        drop(claim);
    };
    round();
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async { round() });
    }
}

#[tokio::test]
async fn neither_errors_nor_debug_show_a_secret() {
    let server = RedisServer::start_with(&["--requirepass", "right"]).unwrap();
    let store = open(&server.url_as("anna:geheim"));
    let error = store.get(&KEY).await.unwrap_err();
    let text = format!("{error} {error:?} {store:?} {:?}", store.ping().await);
    for secret in ["geheim", "anna", "abc"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("user or password are wrong"), "{text}");
}

#[test]
fn a_wrong_setting_is_rejected_when_the_store_is_opened() {
    for (url, expected) in [
        (
            "redis://h?lease=1ms",
            "has a setting `lease` that is too short: give it at least `100ms`",
        ),
        ("redis://h?laese=1s", "did you mean `lease`?"),
        ("redis://h:geheim", "is not a redis URL"),
    ] {
        let error = RedisCache::open(&BackendUri::new(url), &CacheOptions::default()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.to_string().contains("geheim"));
    }
}
