//! Eight processes on one limit. Each is this test's own program, started again.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use opero_ratelimit::{
    Backend, BackendError, Key, LimiterBackend, LimiterOptions, Quota, RateLimit, RateLimitConfig,
    RedisLimiter, Verdict, async_trait,
};
use opero_test_servers::RedisServer;

const PROCESSES: usize = 8;
const RATE: u32 = 200;
const RUN: Duration = Duration::from_secs(5);

fn unix() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap()
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// A permit was given out between these two, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Grant {
    asked: u128,
    got: u128,
}

/// Notes when each permit was asked for and got.
#[derive(Debug)]
struct Recorder {
    limiter: RedisLimiter,
    grants: Mutex<Vec<Grant>>,
}

impl Recorder {
    fn note(&self, asked: Duration, verdict: Verdict) -> Verdict {
        if verdict == Verdict::Admitted {
            let (asked, got) = (asked.as_nanos(), unix().as_nanos());
            self.grants.lock().unwrap().push(Grant { asked, got });
        }
        verdict
    }
}

#[async_trait]
impl Backend for Recorder {
    fn scheme(&self) -> &'static str {
        "recorder"
    }
}

#[async_trait]
impl LimiterBackend for Recorder {
    fn try_acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict {
        let asked = unix();
        self.note(asked, self.limiter.try_acquire(key, cost))
    }

    async fn acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Result<Verdict, BackendError> {
        let asked = unix();
        let verdict = self.limiter.acquire(key, cost).await?;
        Ok(self.note(asked, verdict))
    }

    fn shared(&self) -> bool {
        true
    }
}

/// What a child does: calls as often as it may, from an instant on, and writes down when it was let.
#[test]
#[ignore = "the other tests here run it, each in several processes"]
fn child() {
    let quota = Quota::per_second(variable("CHILD_RATE").parse().unwrap()).unwrap();
    let quota = quota.with_burst(variable("CHILD_BURST").parse().unwrap());
    let config = RateLimitConfig::new(quota.unwrap());
    let options = LimiterOptions::new(config.quota, Arc::clone(&config.clock));
    let recorder = Arc::new(Recorder {
        limiter: RedisLimiter::new(&variable("CHILD_LOCATION").into(), &options).unwrap(),
        grants: Mutex::default(),
    });
    let backend = Arc::clone(&recorder) as Arc<dyn LimiterBackend>;
    let limit = RateLimit::with_backend(backend, config).unwrap();
    let begin = Duration::from_nanos(variable("CHILD_BEGIN").parse().unwrap());
    std::thread::sleep(begin.saturating_sub(unix()));
    // Longer than is looked at: some start later than others.
    while unix() < begin + RUN + Duration::from_secs(1) {
        limit.acquire_sync(1).unwrap();
    }
    let grants = recorder.grants.lock().unwrap();
    let lines = grants.iter().map(|g| format!("{} {}\n", g.asked, g.got));
    std::fs::write(variable("CHILD_LOG"), lines.collect::<String>()).unwrap();
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

fn start(log: &Path, location: &str, (rate, burst): (u32, u32), begin: Duration) -> Running {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "processes::child"])
        .env("CHILD_LOCATION", location)
        .env("CHILD_RATE", rate.to_string())
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

/// The grants of all, where each process keeps to that rate and burst.
fn run(settings: &str, rate: u32, burst: u32) -> Vec<Grant> {
    let server = RedisServer::start().unwrap();
    let location = format!(
        "{}?name=eight&timeout=30s&connect_timeout=30s{settings}",
        server.url()
    );
    let begin = unix() + Duration::from_secs(2);
    let directory = std::env::temp_dir();
    let children: Vec<_> = (0..PROCESSES)
        .map(|number| {
            let log = format!(
                "opero-starts-{}-{number}-{}",
                std::process::id(),
                server.port()
            );
            start(&directory.join(log), &location, (rate, burst), begin)
        })
        .collect();
    let mut grants = Vec::new();
    for mut running in children {
        assert!(running.child.wait().unwrap().success());
        let log = std::fs::read_to_string(&running.log).unwrap();
        grants.extend(log.lines().map(|line| {
            let (asked, got) = line.split_once(' ').unwrap();
            let [asked, got] = [asked, got].map(|nanos| nanos.parse().unwrap());
            Grant { asked, got }
        }));
    }
    grants
}

/// The largest excess over [`RATE`] and that burst in any window. A grant counts where all of its interval lies in the window:
/// no process is blamed for the time that messages take, and there is nothing else to allow for.
fn excess(grants: &[Grant], burst: u32) -> i128 {
    let period = 1_000_000_000 / u128::from(RATE);
    let mut by_end = grants.to_vec();
    by_end.sort_unstable_by_key(|grant| grant.got);
    let windows = grants.iter().flat_map(|from| {
        let within = by_end.iter().filter(|grant| grant.asked >= from.asked);
        within.zip(1_i128..).map(|(to, count)| {
            let grown = (to.got - from.asked) / period;
            count - i128::from(burst) - i128::try_from(grown).unwrap()
        })
    });
    windows.max().unwrap()
}

fn check(settings: &str, burst: u32) {
    let grants = run(settings, RATE, burst);
    let first = grants.iter().map(|grant| grant.got).min().unwrap();
    let within = |grant: &&Grant| grant.got < first + RUN.as_nanos();
    let used = grants.iter().filter(within).count();
    let nominal = RATE as usize * RUN.as_secs() as usize;
    println!("`{settings}`, burst {burst}: {used} starts of {nominal}");
    assert!(excess(&grants, burst) <= 0, "{}", excess(&grants, burst));
    assert!(used * 100 >= nominal * 95, "{used} of {nominal} used");
}

#[test]
fn eight_processes_share_one_rate_and_use_it() {
    check("", 1);
    check("", 10);
}

#[test]
fn eight_processes_share_one_rate_in_blocks_and_use_it() {
    check("&batch=auto", 20);
}

/// What is measured here can fail: processes that take a tenth too much are found out.
#[test]
fn a_rate_that_is_a_little_too_high_is_noticed() {
    for settings in ["", "&batch=auto"] {
        let grants = run(settings, RATE + RATE / 10, 20);
        assert!(excess(&grants, 20) > 0);
    }
}
