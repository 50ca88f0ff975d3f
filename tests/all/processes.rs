//! Several processes that share a cache or a rate: one executes, and together they stay below the bound.

use std::time::{Duration, Instant};

use opero_test_servers::RedisServer;

use crate::support::{Directory, HANG, Workers, patient, run_worker};

const PROCESSES: usize = 8;

const KINDS: [&str; 2] = ["blocking", "asynchronous"];

#[test]
fn of_eight_processes_with_one_missing_key_one_executes() {
    for kind in KINDS {
        let server = RedisServer::start().unwrap();
        let mut workers = Workers::new();
        for _ in 0..PROCESSES {
            workers.start(&[kind, &patient(&server), "word"]);
        }
        let (mut calling, mut executions, mut ended) = (0, 0, 0);
        let (mut executing, mut results) = (Vec::new(), Vec::new());
        while ended < PROCESSES {
            let (number, line) = workers.next();
            match line.as_deref() {
                Some("calling") => calling += 1,
                Some("executing") => {
                    executions += 1;
                    executing.push(number);
                }
                Some(result) => results.push(result.to_owned()),
                None => ended += 1,
            }
            // It executes for as long as there is one that has not asked yet.
            if calling == PROCESSES {
                executing.drain(..).for_each(|number| workers.tell(number));
            }
        }
        assert_eq!(executions, 1, "{kind}");
        assert_eq!(results.len(), PROCESSES, "{kind}");
        assert!(results.iter().all(|result| *result == results[0]));
    }
}

/// How long the lease of a killed leader lasts at most.
const LEASE: Duration = Duration::from_secs(2);

#[test]
fn a_killed_leader_hands_over_within_its_leases_expiry() {
    for kind in KINDS {
        let server = RedisServer::start().unwrap();
        let url = format!("{}&lease={}s", patient(&server), LEASE.as_secs());
        let mut workers = Workers::new();
        let leader = workers.start(&[kind, &url, "word"]);
        assert_eq!(workers.wait_for("executing"), leader);
        let follower = workers.start(&[kind, &url, "word"]);
        assert_eq!(workers.wait_for("calling"), follower);
        workers.kill(leader);
        let killed = Instant::now();
        assert_eq!(workers.next(), (leader, None));
        assert_eq!(workers.next(), (follower, Some("executing".to_owned())));
        assert!(
            killed.elapsed() < LEASE + HANG / 6,
            "{:?}",
            killed.elapsed()
        );
        workers.tell(follower);
        let (number, result) = workers.next();
        assert_eq!(number, follower);
        assert!(result.unwrap().starts_with("word by "));
    }
}

#[test]
fn a_leader_that_takes_longer_than_its_lease_keeps_it() {
    let server = RedisServer::start().unwrap();
    let url = format!("{}&lease=1s", patient(&server));
    for kind in KINDS {
        let mut workers = Workers::new();
        let leader = workers.start(&[kind, &url, "word"]);
        assert_eq!(workers.wait_for("executing"), leader);
        let follower = workers.start(&[kind, &url, "word"]);
        assert_eq!(workers.wait_for("calling"), follower);
        // Time has to pass here: what is shown is that nothing happens meanwhile.
        std::thread::sleep(Duration::from_secs(3));
        workers.tell(leader);
        let said = workers.rest();
        assert_eq!(said.len(), 2, "two results and no execution: {said:?}");
        assert_eq!(said[0], said[1]);
    }
}

/// How a process may go right after its call: as processes do, or as a killed one does.
const ENDINGS: [&str; 2] = ["return", "abort"];

#[test]
fn a_result_outlives_its_process() {
    let server = RedisServer::start().unwrap();
    let directory = Directory::new();
    let mut number = 0;
    let redis = patient(&server);
    let near = format!("memory+{redis}");
    let layers = format!("memory+redb://{}", directory.path("far"));
    let redb = format!("redb://{}", directory.path("redb"));
    let disk = format!("disk://{}", directory.path("disk"));
    for backend in [&disk, &redb, &redis, &near, &layers] {
        for (kind, ending) in KINDS
            .iter()
            .zip(ENDINGS)
            .chain(KINDS.iter().rev().zip(ENDINGS))
        {
            number += 1;
            let call = [kind, &**backend, &*format!("word {number}"), ending];
            let first = run_worker(&call);
            let [calling, executing, result] = first.as_slice() else {
                panic!("{backend}, {kind}, {ending}: {first:?}");
            };
            assert_eq!([calling, executing], ["calling", "executing"]);
            for _ in 0..2 {
                let next = run_worker(&call);
                assert_eq!(next, [calling.as_str(), result], "{call:?}");
            }
        }
    }
}

/// As the worker's attribute says.
const RATE: u64 = 200;
const BURST: u64 = 20;

#[test]
fn eight_processes_share_one_rate() {
    share_one_rate("");
}

#[test]
fn eight_processes_share_one_rate_in_blocks() {
    share_one_rate("&batch=auto");
}

/// A permit was given out between these two, in nanoseconds since the Unix epoch.
struct Grant {
    asked: u64,
    got: u64,
}

impl Grant {
    fn read(line: &str) -> Option<Self> {
        let (asked, got) = line.strip_prefix("granted ")?.split_once(' ')?;
        let (asked, got) = (asked.parse().ok()?, got.parse().ok()?);
        Some(Self { asked, got })
    }
}

fn share_one_rate(settings: &str) {
    const SECONDS: u64 = 5;
    let server = RedisServer::start().unwrap();
    let url = format!("{}{settings}", patient(&server));
    let mut workers = Workers::new();
    for _ in 0..PROCESSES {
        workers.start(&["limited", &url, &SECONDS.to_string()]);
    }
    for _ in 0..PROCESSES {
        workers.wait_for("ready");
    }
    (0..PROCESSES).for_each(|number| workers.tell(number));
    let said = workers.rest();
    let grants = said.iter().map(|line| Grant::read(line).expect(line));
    let grants: Vec<_> = grants.collect();
    check_windows(&grants);
    let count = grants.len() as u64;
    assert!(
        count * 100 >= RATE * SECONDS * 95,
        "{count} starts in {SECONDS} s"
    );
}

/// In every window at most the bound, without any allowance: a grant counts where all of its interval lies in the window.
fn check_windows(grants: &[Grant]) {
    let mut by_end: Vec<_> = grants.iter().collect();
    by_end.sort_unstable_by_key(|grant| grant.got);
    for from in grants {
        let within = by_end.iter().filter(|grant| grant.asked >= from.asked);
        for (count, to) in (1..).zip(within) {
            let window = Duration::from_nanos(to.got - from.asked);
            let most = u128::from(BURST) + window.as_nanos() * u128::from(RATE) / 1_000_000_000;
            assert!(count <= most, "{count} starts in {window:?}");
        }
    }
}
