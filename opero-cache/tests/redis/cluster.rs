//! A cluster keeps the same promises.

use std::time::{Duration, Instant};

use opero_cache::{ByteStore, Claim};
use opero_test_servers::{RedisServer, free_port};

use crate::support::{GUARD, KEY, directly, open_patiently};

/// One node that has all slots: what matters here is how it is talked to.
fn node() -> RedisServer {
    let bus = free_port().unwrap().to_string();
    let options = ["--cluster-enabled", "yes", "--cluster-port", &bus];
    let node = RedisServer::start_with(&options).unwrap();
    let () = directly(&node.url(), &["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
    let started = Instant::now();
    loop {
        let info: String = directly(&node.url(), &["CLUSTER", "INFO"]);
        if info.contains("cluster_state:ok") {
            return node;
        }
        assert!(started.elapsed() < GUARD, "{info}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn records_and_leases_are_kept_and_cleared() {
    let node = node();
    let store = open_patiently(&format!("{}?cluster=true", node.url()));
    store.put(&KEY, vec![1], Some(GUARD)).await.unwrap();
    assert_eq!(store.get(&KEY).await.unwrap(), Some(vec![1]));
    let Claim::Acquired { lease, record } = store.claim(&KEY).await.unwrap() else {
        panic!("no other process is there");
    };
    assert_eq!(record, Some(vec![1]));
    assert!(matches!(
        store.claim(&KEY).await.unwrap(),
        Claim::Held { .. }
    ));
    lease.release().await;
    store.clear().await.unwrap();
    let count: usize = directly(&node.url(), &["DBSIZE"]);
    assert_eq!(count, 0);
}
