//! A cluster is one store.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use opero_redis::Script;
use opero_redis::redis::{Pipeline, Value};
use opero_test_servers::{RedisServer, free_port};

use crate::support::{GUARD, cmd, directly, open, open_patiently, until_answered};

/// Two nodes with half of the slots each.
fn cluster() -> [RedisServer; 2] {
    let [one, other] = [(); 2].map(|()| {
        let bus = free_port().unwrap().to_string();
        let options = ["--cluster-enabled", "yes", "--cluster-port", &bus];
        (RedisServer::start_with(&options).unwrap(), bus)
    });
    let slots = |server: &RedisServer, first, last| {
        let () = directly(&server.url(), &["CLUSTER", "ADDSLOTSRANGE", first, last]);
    };
    slots(&one.0, "0", "8191");
    slots(&other.0, "8192", "16383");
    let port = other.0.port().to_string();
    let meet = ["CLUSTER", "MEET", "127.0.0.1", &port, &other.1];
    let () = directly(&one.0.url(), &meet);
    let started = Instant::now();
    for (server, _) in [&one, &other] {
        loop {
            let info: String = directly(&server.url(), &["CLUSTER", "INFO"]);
            if info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:2") {
                break;
            }
            assert!(started.elapsed() < GUARD, "{info}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    [one.0, other.0]
}

#[tokio::test]
async fn commands_pipelines_scripts_and_scans_reach_every_node() {
    let servers = cluster();
    let redis = open_patiently(&format!("{}?cluster=true", servers[0].url()));
    let mut pipeline = Pipeline::new();
    for n in 0..200 {
        pipeline.set(format!("a:{n}"), n);
    }
    pipeline.add_command(cmd(&["LPUSH", "a:0", "x"]));
    let answers = redis.pipeline(&pipeline).await.unwrap();
    assert!(
        answers[..200]
            .iter()
            .all(|answer| *answer == Ok(Value::Okay))
    );
    assert_eq!(answers[200].as_ref().unwrap_err().code(), Some("WRONGTYPE"));
    for server in &servers {
        let count: usize = directly(&server.url(), &["DBSIZE"]);
        assert!((50..150).contains(&count), "{count}");
    }

    let script = Script::new("return redis.call('GET', KEYS[1])");
    for n in 0..20 {
        let name = format!("a:{n}");
        let value: u64 = redis.script(&script, &[&name], "").await.unwrap();
        assert_eq!(value, n);
    }

    let mut found = HashSet::new();
    let mut scan = redis.scan("a:*");
    while let Some(keys) = scan.next().await.unwrap() {
        found.extend(keys);
    }
    assert_eq!(found.len(), 200);
    let mut unlink = cmd(&["UNLINK"]);
    unlink.arg(found.into_iter().collect::<Vec<_>>());
    let count: u64 = redis.command(&unlink).await.unwrap();
    assert_eq!(count, 200);
}

#[tokio::test]
async fn a_cluster_that_is_away_is_an_error_in_time_and_is_used_again() {
    let [mut one, other] = cluster();
    let redis = open(&format!("{}?cluster=true", one.url()));
    until_answered(&redis).await;
    one.pause().unwrap();
    other.pause().unwrap();
    let started = Instant::now();
    for _ in 0..1_000 {
        assert!(redis.command::<Value>(&cmd(&["GET", "a"])).await.is_err());
    }
    assert!(started.elapsed() < GUARD);
    one.resume().unwrap();
    other.resume().unwrap();
    until_answered(&redis).await;
    one.kill();
    drop(other);
    assert!(redis.command::<Value>(&cmd(&["GET", "a"])).await.is_err());
}
