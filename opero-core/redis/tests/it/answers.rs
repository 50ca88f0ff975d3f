//! What is asked is answered.

use opero_redis::Script;
use opero_redis::redis::{Pipeline, Value};
use opero_test_servers::RedisServer;

use crate::support::{cmd, directly, open_patiently};

#[tokio::test]
async fn commands_pipelines_and_scripts_are_answered() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    redis.ping().await.unwrap();
    let () = redis.command(&cmd(&["SET", "a", "1"])).await.unwrap();
    let a: Option<Vec<u8>> = redis.command(&cmd(&["GET", "a"])).await.unwrap();
    assert_eq!(a.as_deref(), Some(&b"1"[..]));
    let none: Option<Vec<u8>> = redis.command(&cmd(&["GET", "b"])).await.unwrap();
    assert_eq!(none, None);

    let mut pipeline = Pipeline::new();
    pipeline.add_command(cmd(&["LPUSH", "list", "x"]));
    pipeline.add_command(cmd(&["GET", "list"]));
    pipeline.add_command(cmd(&["GET", "a"]));
    let answers = redis.pipeline(&pipeline).await.unwrap();
    assert_eq!(answers[0], Ok(Value::Int(1)));
    assert_eq!(answers[1].as_ref().unwrap_err().code(), Some("WRONGTYPE"));
    assert_eq!(answers[2], Ok(Value::BulkString(b"1".to_vec())));

    let script = Script::new("return {KEYS[1], ARGV[1] + ARGV[2]}");
    for _ in 0..2 {
        let (key, sum): (String, u64) = redis.script(&script, &["k"], (1, 2)).await.unwrap();
        assert_eq!((&*key, sum), ("k", 3));
        let () = directly(&server.url(), &["SCRIPT", "FLUSH"]);
    }
}

#[tokio::test]
async fn a_scan_finds_every_key_of_its_pattern() {
    let server = RedisServer::start().unwrap();
    let redis = open_patiently(&server.url());
    let mut pipeline = Pipeline::new();
    for n in 0..5_000 {
        pipeline.set(format!("a:{n}"), n).set(format!("b:{n}"), n);
    }
    redis.pipeline(&pipeline).await.unwrap();
    let mut found = std::collections::HashSet::new();
    let mut scan = redis.scan("a:*");
    while let Some(keys) = scan.next().await.unwrap() {
        found.extend(keys);
    }
    assert_eq!(found.len(), 5_000);
    assert!(found.iter().all(|key| key.starts_with(b"a:")));
}
