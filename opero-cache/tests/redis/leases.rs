//! One of many processes executes, and none waits for a dead one.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use opero_cache::{ByteStore, Claim, Lease};
use opero_core::block_on;
use opero_core::clock::real_sleep;
use opero_test_servers::RedisServer;

use crate::support::{GUARD, KEY, NAME, Way, directly, open_patiently};

fn mine(claim: Claim) -> (Box<dyn Lease>, Option<Vec<u8>>) {
    match claim {
        Claim::Acquired { lease, record } => (lease, record),
        other => panic!("not mine: {other:?}"),
    }
}

fn taken(claim: Claim) -> (u64, Option<Vec<u8>>) {
    match claim {
        Claim::Held { holder, record } => (holder, record),
        other => panic!("not taken: {other:?}"),
    }
}

/// Claims until the lease is passed on.
async fn until_mine(store: &impl ByteStore) -> Box<dyn Lease> {
    let started = Instant::now();
    loop {
        if let Claim::Acquired { lease, .. } = store.claim(&KEY).await.unwrap() {
            return lease;
        }
        assert!(started.elapsed() < GUARD);
        real_sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_lease_is_held_by_one_and_comes_with_the_record() {
    let server = RedisServer::start().unwrap();
    let [one, other] = [(); 2].map(|()| open_patiently(&server.url()));
    let (lease, record) = mine(one.claim(&KEY).await.unwrap());
    assert_eq!(record, None);
    let (holder, record) = taken(other.claim(&KEY).await.unwrap());
    assert_eq!(record, None);
    one.put(&KEY, vec![1], None).await.unwrap();
    assert_eq!(
        taken(other.claim(&KEY).await.unwrap()),
        (holder, Some(vec![1]))
    );
    lease.release().await;
    let (lease, record) = mine(other.claim(&KEY).await.unwrap());
    assert_eq!(record, Some(vec![1]));
    let (next_holder, _) = taken(one.claim(&KEY).await.unwrap());
    assert_ne!(next_holder, holder);
    lease.release().await;
    let count: usize = directly(&server.url(), &["DBSIZE"]);
    assert_eq!(count, 1, "the record alone");
}

#[tokio::test]
async fn of_many_that_claim_at_once_one_gets_it() {
    let server = RedisServer::start().unwrap();
    let claims = (0..32).map(|_| {
        let store = open_patiently(&server.url());
        tokio::spawn(async move { store.claim(&KEY).await.unwrap() })
    });
    let mut leases = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        if let Claim::Acquired { lease, .. } = claim.await.unwrap() {
            leases.push(lease);
        }
    }
    assert_eq!(leases.len(), 1);
}

/// The holder blocks the only thread of its runtime for longer than the lease would last.
#[tokio::test]
async fn a_lease_is_renewed_while_its_holder_blocks() {
    let server = RedisServer::start().unwrap();
    let store = open_patiently(&format!("{}?lease=1s", server.url()));
    let (lease, _) = mine(store.claim(&KEY).await.unwrap());
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(100));
        let left: i64 = directly(&server.url(), &["PTTL", &format!("{NAME}:lease")]);
        assert!((1..=1_000).contains(&left), "{left}");
    }
    lease.release().await;
}

#[tokio::test]
async fn a_lease_that_is_dropped_is_free() {
    let server = RedisServer::start().unwrap();
    let store = open_patiently(&server.url());
    for _ in 0..3 {
        drop(until_mine(&store).await);
    }
}

/// The claim is dropped at many points of its way; had one left its lease, the next would wait ten seconds.
#[tokio::test]
async fn a_claim_that_is_dropped_on_its_way_leaves_no_lease() {
    let server = RedisServer::start().unwrap();
    let store = open_patiently(&format!("{}?lease=10min", server.url()));
    for micros in 0..100 {
        let _ = tokio::time::timeout(Duration::from_micros(micros * 5), store.claim(&KEY)).await;
    }
    drop(until_mine(&store).await);
}

/// Given up while there is no connection, in each of the ways; the lease itself would last ten minutes.
#[tokio::test]
async fn a_lease_that_is_given_up_in_an_outage_is_free_after_it() {
    let server = RedisServer::start().unwrap();
    let way = Way::to(&server.url());
    let store = open_patiently(&format!("{}?lease=10min", way.url));
    let other = open_patiently(&server.url());
    for drops in [false, true] {
        let lease = until_mine(&store).await;
        way.cut();
        match drops {
            true => drop(lease),
            false => lease.release().await,
        }
        taken(other.claim(&KEY).await.unwrap());
        real_sleep(Duration::from_millis(600)).await;
        way.mend();
        until_mine(&other).await.release().await;
        while store.get(&KEY).await.is_err() {
            real_sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_lease_that_has_passed_on_is_neither_renewed_nor_given_up() {
    let server = RedisServer::start().unwrap();
    let url = server.url();
    let store = open_patiently(&format!("{url}?lease=150ms"));
    let (lease, _) = mine(store.claim(&KEY).await.unwrap());
    let name = format!("{NAME}:lease");
    let () = directly(&url, &["SET", &name, "another", "PX", "60000"]);
    std::thread::sleep(Duration::from_millis(300));
    let left: i64 = directly(&url, &["PTTL", &name]);
    assert!(left > 1_000, "{left}");
    lease.release().await;
    let holder: String = directly(&url, &["GET", &name]);
    assert_eq!(holder, "another");
}

#[tokio::test]
async fn something_else_under_the_key_of_a_lease_keeps_nobody_waiting() {
    let server = RedisServer::start().unwrap();
    let store = open_patiently(&server.url());
    let () = directly(&server.url(), &["RPUSH", &format!("{NAME}:lease"), "x"]);
    assert!(matches!(store.claim(&KEY).await.unwrap(), Claim::Unshared));
}

const CHILD: &str = "OPERO_TEST_LEASE_OF";

fn holder(url: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "leases::child", "--nocapture"]);
    child.env(CHILD, url).stdout(Stdio::null());
    child.spawn().unwrap()
}

#[test]
fn child() {
    // Only as a process of the test below: holds the lease until it is killed, or its parent is gone.
    let Ok(url) = std::env::var(CHILD) else {
        return;
    };
    let store = open_patiently(&url);
    let _lease = block_on(until_mine(&store));
    std::thread::sleep(GUARD);
}

#[test]
fn the_lease_of_a_killed_process_passes_on_within_its_expiry() {
    let server = RedisServer::start().unwrap();
    let url = format!("{}?lease=500ms", server.url());
    let mut child = holder(&url);
    let store = open_patiently(&url);
    let started = Instant::now();
    let exists = || -> bool { directly(&server.url(), &["EXISTS", &format!("{NAME}:lease")]) };
    while !exists() {
        assert!(started.elapsed() < GUARD);
        std::thread::sleep(Duration::from_millis(5));
    }
    // As long as it lives, it keeps it.
    std::thread::sleep(Duration::from_millis(1_000));
    taken(block_on(store.claim(&KEY)).unwrap());
    child.kill().unwrap();
    child.wait().unwrap();
    let left: i64 = directly(&server.url(), &["PTTL", &format!("{NAME}:lease")]);
    assert!(left <= 500, "{left}");
    block_on(async { until_mine(&store).await.release().await });
}
