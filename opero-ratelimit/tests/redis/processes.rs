//! Eight processes on one limit. Each is this test's own program, started again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, SystemTime};

use opero_ratelimit::{Quota, RateLimit, RateLimitConfig};
use opero_test_servers::RedisServer;

const PROCESSES: usize = 8;
const RATE: u32 = 200;
const RUN: Duration = Duration::from_secs(5);

/// A start is noted when its process gets to it, later than it was decided: by the way of the answer, and by the time
/// that the operating system gives to others meanwhile, with more processes than cores. So much of the rate may seem
/// to come too early.
const ALLOWANCE: Duration = Duration::from_millis(100);

fn unix() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// What a child does: calls as often as it may, from an instant on, and writes down when.
#[test]
#[ignore = "the other tests here run it, each in several processes"]
fn child() {
    let quota = Quota::per_second(f64::from(RATE)).unwrap();
    let quota = quota.with_burst(variable("CHILD_BURST").parse().unwrap());
    let location = variable("CHILD_LOCATION").into();
    let limit = RateLimit::open(&location, RateLimitConfig::new(quota.unwrap())).unwrap();
    let begin = Duration::from_nanos(variable("CHILD_BEGIN").parse().unwrap());
    std::thread::sleep(begin.saturating_sub(unix()));
    let mut starts = Vec::new();
    // Longer than is looked at: some start later than others.
    while unix() < begin + RUN + Duration::from_secs(1) {
        limit.acquire_sync(1).unwrap();
        starts.push(unix().as_nanos().to_string());
    }
    std::fs::write(variable("CHILD_LOG"), starts.join("\n")).unwrap();
}

struct Running {
    child: Child,
    log: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}

fn start(log: &Path, location: &str, burst: u32, begin: Duration) -> Running {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "processes::child"])
        .env("CHILD_LOCATION", location)
        .env("CHILD_BURST", burst.to_string())
        .env("CHILD_BEGIN", begin.as_nanos().to_string())
        .env("CHILD_LOG", log)
        .stdout(std::process::Stdio::null())
        .spawn();
    Running {
        child: child.unwrap(),
        log: log.to_owned(),
    }
}

/// The starts of all, in order.
fn run(settings: &str, burst: u32) -> Vec<Duration> {
    let server = RedisServer::start().unwrap();
    let location = format!("{}?name=eight{settings}", server.url());
    let begin = unix() + Duration::from_secs(2);
    let directory = std::env::temp_dir();
    let children: Vec<_> = (0..PROCESSES)
        .map(|number| {
            let log = format!(
                "opero-starts-{}-{number}-{}",
                std::process::id(),
                server.port()
            );
            start(&directory.join(log), &location, burst, begin)
        })
        .collect();
    let mut starts = Vec::new();
    for mut running in children {
        assert!(running.child.wait().unwrap().success());
        let log = std::fs::read_to_string(&running.log).unwrap();
        starts.extend(
            log.lines()
                .map(|line| Duration::from_nanos(line.parse().unwrap())),
        );
    }
    starts.sort_unstable();
    starts
}

fn check(settings: &str, burst: u32) {
    let starts = run(settings, burst);
    let first = starts[0];
    let used = starts.iter().filter(|start| **start < first + RUN).count();
    let nominal = RATE as usize * RUN.as_secs() as usize;
    println!("`{settings}`, burst {burst}: {used} starts of {nominal}");
    let period = Duration::from_secs(1) / RATE;
    for (number, from) in starts.iter().enumerate() {
        for (count, to) in (1_u128..).zip(&starts[number..]) {
            let window = *to - *from;
            let grown = (window + ALLOWANCE).as_nanos() / period.as_nanos();
            let most = u128::from(burst) + grown;
            assert!(
                count <= most,
                "{count} starts within {window:?}, {most} allowed"
            );
        }
    }
    assert!(used * 100 >= nominal * 95, "{used} of {nominal} used");
}

#[test]
fn eight_processes_share_one_rate_and_use_it() {
    check("", 1);
    check("", 10);
}

#[test]
fn eight_processes_share_one_rate_in_blocks_and_use_it() {
    check("&block=auto", 20);
}
