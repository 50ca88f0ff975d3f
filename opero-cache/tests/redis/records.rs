//! What is put is there, under its name and for its time.

use std::time::Duration;

use opero_cache::{Backend, ByteStore, Key};
use opero_test_servers::RedisServer;

use crate::support::{KEY, NAME, directly, open_for, open_patiently};

#[tokio::test]
async fn a_record_is_put_read_replaced_and_removed() {
    let server = RedisServer::start().unwrap();
    let store = open_patiently(&server.url());
    store.ping().await.unwrap();
    assert_eq!(store.get(&KEY).await.unwrap(), None);
    for record in [vec![], vec![0, 255, 13, 10], vec![7; 1_000_000]] {
        store.put(&KEY, record.clone(), None).await.unwrap();
        assert_eq!(store.get(&KEY).await.unwrap(), Some(record));
    }
    assert_eq!(store.get(&Key::stable(1)).await.unwrap(), None);
    store.remove(&KEY).await.unwrap();
    store.remove(&KEY).await.unwrap();
    assert_eq!(store.get(&KEY).await.unwrap(), None);
}

#[tokio::test]
async fn redis_drops_a_record_when_its_time_is_over() {
    let server = RedisServer::start().unwrap();
    let store = open_patiently(&server.url());
    let left = || -> i64 { directly(&server.url(), &["PTTL", NAME]) };
    let hour = Duration::from_secs(3_600);
    store.put(&KEY, vec![1], Some(hour)).await.unwrap();
    assert!((3_500_000..=3_600_000).contains(&left()), "{}", left());
    for forever in [None, Some(Duration::MAX)] {
        store.put(&KEY, vec![1], forever).await.unwrap();
        assert_eq!(left(), -1);
    }
    store
        .put(&KEY, vec![1], Some(Duration::ZERO))
        .await
        .unwrap();
    while store.get(&KEY).await.unwrap().is_some() {}
}

#[tokio::test]
async fn parts_of_names_run_into_no_others() {
    let server = RedisServer::start().unwrap();
    let [one, other] = [("a", "b:c"), ("a:b", "c")].map(|(n, f)| open_for(&server.url(), n, f));
    one.put(&KEY, vec![1], None).await.unwrap();
    assert_eq!(other.get(&KEY).await.unwrap(), None);
    other.clear().await.unwrap();
    other.clear_namespace().await.unwrap();
    assert_eq!(one.get(&KEY).await.unwrap(), Some(vec![1]));
}

#[tokio::test]
async fn clearing_drops_the_records_of_the_function_and_nothing_else() {
    let server = RedisServer::start().unwrap();
    let url = server.url();
    let store = open_patiently(&url);
    for n in 0..3_000 {
        store.put(&Key::stable(n), vec![1], None).await.unwrap();
    }
    let other = open_for(&url, "shop", "shop::stock");
    other.put(&KEY, vec![1], None).await.unwrap();
    let stranger = open_for(&url, "market", "shop::price");
    stranger.put(&KEY, vec![1], None).await.unwrap();
    let kept = [
        "opero:shop:shop%3A%3Aprice:rate:00000000000000000000000000000abc",
        "opero:shop:shop%3A%3Aprice:00000000000000000000000000000abc:lease",
        "opero:shop:shop%3A%3Aprice:abc",
        "another owner's",
    ];
    for name in kept {
        let () = directly(&url, &["SET", name, "1"]);
    }
    store.clear().await.unwrap();
    let count: usize = directly(&url, &["DBSIZE"]);
    assert_eq!(count, kept.len() + 2);
    assert!(other.get(&KEY).await.unwrap().is_some());
    store.clear_namespace().await.unwrap();
    let count: usize = directly(&url, &["DBSIZE"]);
    assert_eq!(count, kept.len() + 1);
    assert!(stranger.get(&KEY).await.unwrap().is_some());
}

#[tokio::test]
async fn a_value_of_another_type_is_a_record_that_cannot_be_opened_and_is_replaced() {
    let server = RedisServer::start().unwrap();
    let store = open_patiently(&server.url());
    let () = directly(&server.url(), &["RPUSH", NAME, "x"]);
    assert_eq!(store.get(&KEY).await.unwrap(), Some(vec![]));
    store.put(&KEY, vec![1], None).await.unwrap();
    assert_eq!(store.get(&KEY).await.unwrap(), Some(vec![1]));
}

#[tokio::test]
async fn a_server_out_of_memory_rejects_to_write_and_still_reads() {
    let server = RedisServer::start_with(&["--maxmemory-policy", "noeviction"]).unwrap();
    let store = open_patiently(&server.url());
    store.put(&KEY, vec![1], None).await.unwrap();
    let () = directly(&server.url(), &["CONFIG", "SET", "maxmemory", "1"]);
    for _ in 0..3 {
        let error = store.put(&KEY, vec![2], None).await.unwrap_err();
        assert!(error.to_string().contains("out of memory"), "{error}");
        assert_eq!(store.get(&KEY).await.unwrap(), Some(vec![1]));
    }
    let () = directly(&server.url(), &["CONFIG", "SET", "maxmemory", "0"]);
    store.put(&KEY, vec![2], None).await.unwrap();
    assert_eq!(store.get(&KEY).await.unwrap(), Some(vec![2]));
}
