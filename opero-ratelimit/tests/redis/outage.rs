use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use opero_core::{Attempt, BackendUri, Context, Event, RejectedKind, Stage, operation};
use opero_ratelimit::{Quota, RateLimit, RateLimitConfig, Verdict};
use opero_test_servers::RedisServer;

const ONE: NonZeroU32 = NonZeroU32::MIN;

/// A guard against hanging: far longer than the one answer that is waited for.
const HANG: Duration = Duration::from_secs(20);

fn limit(url: &str, settings: &str, quota: Quota) -> RateLimit {
    let location = BackendUri::new(format!("{url}?name=outage{settings}"));
    RateLimit::open(&location, RateLimitConfig::new(quota)).unwrap()
}

/// Ten at once; the next ones come in a quarter of an hour.
fn slow() -> Quota {
    Quota::each(Duration::from_secs(900))
        .with_burst(10)
        .unwrap()
}

fn reason(limit: &RateLimit) -> String {
    match limit.acquire_sync(1).unwrap_err().kind() {
        RejectedKind::RateBackend { reason } => reason.clone(),
        other => panic!("{other:?}"),
    }
}

/// Asks until redis is left alone no longer.
fn eventually(limit: &RateLimit) {
    let started = Instant::now();
    while limit.acquire_sync(1).is_err() {
        assert!(started.elapsed() < HANG, "it does not come back");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_that_is_down_rejects_calls_and_comes_back_by_itself() {
    let mut server = RedisServer::start().unwrap();
    let limit = limit(&server.url(), "", slow());
    server.kill();
    let started = Instant::now();
    for _ in 0..1_000 {
        assert!(reason(&limit).contains("127.0.0.1"));
    }
    assert!(started.elapsed() < HANG, "each call waits for itself");
    server.restart_empty().unwrap();
    eventually(&limit);
}

#[test]
fn a_server_that_hangs_holds_up_few_calls() {
    let server = RedisServer::start().unwrap();
    let limit = limit(&server.url(), "", slow());
    limit.acquire_sync(1).unwrap();
    server.pause().unwrap();
    let started = Instant::now();
    for _ in 0..1_000 {
        assert!(limit.acquire_sync(1).is_err());
    }
    assert!(started.elapsed() < HANG, "each call waits for itself");
    server.resume().unwrap();
    eventually(&limit);
}

#[test]
fn with_a_stand_in_calls_go_on_within_the_quota_of_their_process() {
    let mut server = RedisServer::start().unwrap();
    let limit = limit(&server.url(), "&on_unavailable=local", slow());
    for _ in 0..3 {
        limit.acquire_sync(1).unwrap();
    }
    server.kill();
    let events = Mutex::new(Vec::new());
    let observer = |_: &str, event: &Event<'_>| events.lock().unwrap().push(event.name());
    let cx = Context::blocking().with_observer(&observer);
    for _ in 0..10 {
        let nothing = operation(|_| async { Ok::<_, ()>(()) });
        opero_core::block_on(limit.call(&cx, Attempt::FIRST, &nothing)).unwrap();
    }
    assert_eq!(*events.lock().unwrap(), ["limiter_unavailable"; 10]);
    server.restart_empty().unwrap();
    // The stand-in has no more permits, so this one comes from the server.
    let started = Instant::now();
    while opero_core::block_on(limit.backend().acquire(None, ONE)).is_err() {
        assert!(started.elapsed() < HANG, "it does not come back");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_that_forgot_everything_gives_out_one_burst_afresh() {
    let mut server = RedisServer::start().unwrap();
    let limit = limit(&server.url(), "", slow());
    for _ in 0..2 {
        let mut given = 0;
        loop {
            match opero_core::block_on(limit.backend().acquire(None, ONE)) {
                Ok(Verdict::Admitted) => given += 1,
                Ok(_) => break,
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        assert_eq!(given, 10);
        server.restart_empty().unwrap();
    }
}

#[test]
fn permits_in_hand_last_while_redis_is_away() {
    let mut server = RedisServer::start().unwrap();
    let quota = Quota::per_second(1_000.0)
        .unwrap()
        .with_burst(100_000)
        .unwrap();
    let limit = limit(&server.url(), "&batch=auto", quota);
    // So many that the last batch is large, and still in hand.
    let try_acquire = || limit.backend().try_acquire(None, ONE) == Verdict::Admitted;
    for _ in 0..2_000 {
        limit.acquire_sync(1).unwrap();
    }
    while !try_acquire() {
        limit.acquire_sync(1).unwrap();
    }
    server.kill();
    assert!(try_acquire());
    while try_acquire() {}
    // Then they are gone.
    reason(&limit);
    // Once it is back, everything goes on.
    server.restart_empty().unwrap();
    eventually(&limit);
}

#[test]
fn a_wrong_password_is_told_and_never_shown() {
    let server = RedisServer::start_with(&["--requirepass", "richtig"]).unwrap();
    let right = limit(&server.url_as(":richtig"), "", slow());
    right.acquire_sync(1).unwrap();
    let wrong = limit(&server.url_as("anna:geheim"), "", slow());
    let rejected = wrong.acquire_sync(1).unwrap_err();
    let shown = format!(
        "{rejected} {rejected:?} {wrong:?} {right:?} {:?}",
        right.backend()
    );
    assert!(shown.contains("password"), "{shown}");
    for secret in ["geheim", "richtig", "anna"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
