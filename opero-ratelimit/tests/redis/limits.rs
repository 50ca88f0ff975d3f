//! Which calls share a limit, and what is on the server.

use std::num::NonZeroU32;
use std::time::Duration;

use opero_core::{
    Attempt, BackendUri, Context, Operation, RejectedKind, Stage, block_on, operation,
};
use opero_ratelimit::{Quota, RateLimit, RateLimitConfig, Verdict};
use opero_redis::redis::{Client, Commands, Connection, cmd};
use opero_test_servers::RedisServer;

const ONE: NonZeroU32 = NonZeroU32::MIN;

fn config(burst: u32) -> RateLimitConfig {
    RateLimitConfig::new(
        Quota::each(Duration::from_secs(900))
            .with_burst(burst)
            .unwrap(),
    )
}

fn open(url: &str, config: RateLimitConfig) -> RateLimit {
    RateLimit::open(&BackendUri::new(url), config.with_max_wait(Duration::ZERO)).unwrap()
}

fn connect(server: &RedisServer) -> Connection {
    Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap()
}

fn keys(server: &RedisServer) -> Vec<String> {
    let mut keys: Vec<String> = connect(server).keys("*").unwrap();
    keys.sort();
    keys
}

fn problem(location: &str, config: RateLimitConfig) -> String {
    RateLimit::open(&BackendUri::new(location), config)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_function_is_one_limit_in_its_namespace() {
    let server = RedisServer::start().unwrap();
    let of = |namespace: &str, function: &str| {
        let config = config(2).with_namespace(namespace).with_function(function);
        open(&server.url(), config)
    };
    let (one, again) = (of("a", "b::f"), of("a", "b::f"));
    one.acquire_sync(1).unwrap();
    again.acquire_sync(1).unwrap();
    assert!(one.acquire_sync(1).is_err());
    for other in [
        of("a", "b::g"),
        of("b", "b::f"),
        of("a:b", "f"),
        of("a", "b:f"),
    ] {
        other.acquire_sync(2).unwrap();
    }
    assert_eq!(keys(&server).len(), 5);
    assert!(keys(&server).contains(&"opero:a:b%3A%3Af:rate:all".to_owned()));
}

#[test]
fn functions_and_programs_share_a_limit_by_its_name() {
    let server = RedisServer::start().unwrap();
    let url = format!("{}?name=api", server.url());
    let f = open(&url, config(3).with_function("f"));
    let g = open(&url, config(3).with_function("g"));
    f.acquire_sync(1).unwrap();
    g.acquire_sync(2).unwrap();
    assert!(f.acquire_sync(1).is_err());
    // A function that happens to be called so is another limit.
    open(&server.url(), config(3).with_function("api"))
        .acquire_sync(3)
        .unwrap();
    assert_eq!(
        keys(&server),
        ["opero:opero::rate:api:all", "opero:opero:api:rate:all"]
    );
}

#[test]
fn rate_keys_mean_the_same_in_every_limiter() {
    let server = RedisServer::start().unwrap();
    let location = format!("{}?name=tenants", server.url());
    let limits = [open(&location, config(1)), open(&location, config(1))];
    let call = |limit: &RateLimit, tenant: &str| {
        let operation = operation(|_| async { Ok::<_, ()>(()) }).with_stable_rate_key(tenant);
        block_on(limit.call(&Context::blocking(), Attempt::FIRST, &operation)).is_ok()
    };
    assert!(call(&limits[0], "anna"));
    assert!(!call(&limits[1], "anna"));
    assert!(limits[1].keyed_shared("anna").acquire_sync(1).is_err());
    assert!(call(&limits[1], "bert"));
    limits[0].keyed_shared("carl").acquire_sync(1).unwrap();
    assert!(!call(&limits[1], "carl"));
    assert!(keys(&server).iter().all(|key| !key.contains("anna")));
}

#[test]
fn a_rate_key_that_only_this_process_understands_is_rejected() {
    let server = RedisServer::start().unwrap();
    let limit = open(&format!("{}?name=x", server.url()), config(5));
    let operation = operation(|_| async { Ok::<_, ()>(()) }).with_rate_key("anna");
    let arguments = Operation::<(), ()>::arguments(&operation);
    assert!(!limit.admits(arguments.rate_key(opero_core::Attempt::FIRST), 1));
    let error = block_on(limit.call(&Context::blocking(), Attempt::FIRST, &operation)).unwrap_err();
    let by_hand = limit.keyed("anna").acquire_sync(1).unwrap_err();
    for rejected in [error.rejection().unwrap(), &by_hand] {
        let RejectedKind::Config(error) = rejected.kind() else {
            panic!("{rejected}");
        };
        assert_eq!(error.parameter(), "rate_key");
        assert!(
            error
                .problem()
                .starts_with("is not Serialize, and the limiter is shared")
        );
    }
    assert!(keys(&server).is_empty());
}

#[test]
fn a_limit_that_says_nothing_any_more_is_not_kept() {
    let server = RedisServer::start().unwrap();
    let url = format!("{}?name=brief", server.url());
    let quota = Quota::each(Duration::from_secs(1)).with_burst(100).unwrap();
    open(&url, RateLimitConfig::new(quota))
        .acquire_sync(100)
        .unwrap();
    let left: i64 = connect(&server)
        .pttl("opero:opero::rate:brief:all")
        .unwrap();
    assert!((1..=100_001).contains(&left), "{left}");
}

#[test]
fn a_script_that_the_server_forgot_is_sent_again() {
    let server = RedisServer::start().unwrap();
    let limit = open(&format!("{}?name=x", server.url()), config(2));
    limit.acquire_sync(1).unwrap();
    cmd("SCRIPT")
        .arg("FLUSH")
        .exec(&mut connect(&server))
        .unwrap();
    limit.acquire_sync(1).unwrap();
}

#[test]
fn something_else_under_the_key_is_an_error_and_no_permit() {
    let server = RedisServer::start().unwrap();
    let limit = open(&format!("{}?name=x", server.url()), config(2));
    let () = connect(&server)
        .lpush("opero:opero::rate:x:all", "stranger")
        .unwrap();
    let error = block_on(limit.backend().acquire(None, ONE)).unwrap_err();
    assert!(!error.to_string().contains("stranger"), "{error}");
    let () = connect(&server)
        .set("opero:opero::rate:x:all", "stranger")
        .unwrap();
    assert_eq!(
        block_on(limit.backend().acquire(None, ONE)).unwrap(),
        Verdict::Admitted
    );
}

#[test]
fn periods_from_nanoseconds_to_decades_are_exact() {
    let server = RedisServer::start().unwrap();
    let slowest = Quota::each(Duration::from_nanos(1 << 61));
    let slow = open(
        &format!("{}?name=slow", server.url()),
        RateLimitConfig::new(slowest),
    );
    slow.acquire_sync(1).unwrap();
    let Verdict::Wait(wait) = block_on(slow.backend().acquire(None, ONE)).unwrap() else {
        panic!("two at once");
    };
    assert!(wait <= slowest.period && wait > slowest.period / 2);

    let fastest = Quota::each(Duration::from_nanos(1))
        .with_burst(u32::MAX)
        .unwrap();
    let fast = open(
        &format!("{}?name=fast", server.url()),
        RateLimitConfig::new(fastest),
    );
    fast.acquire_sync(u32::MAX).unwrap();
}

#[test]
fn mistakes_in_the_url_are_told_by_name() {
    assert_eq!(
        problem("redis://127.0.0.1", config(1)),
        "`rate_backend` is shared with other processes, and the limit has no name there: add `?name=…` to its URL, or name the function"
    );
    for (settings, told) in [
        ("batch=0", "`batch`"),
        ("batch=some", "`batch`"),
        ("on_unavailable=maybe", "`on_unavailable`"),
        ("nme=x", "unknown setting"),
    ] {
        let error = problem(
            &format!("redis://:geheim@127.0.0.1?{settings}"),
            config(1).with_function("f"),
        );
        assert!(
            error.starts_with("`rate_backend`") && error.contains(told),
            "{error}"
        );
        assert!(!error.contains("geheim"), "{error}");
    }
}

#[test]
fn blocks_without_the_burst_to_hold_one_are_rejected() {
    for (batch, burst) in [("auto", 1), ("100", 3)] {
        let location = format!("redis://127.0.0.1?batch={batch}");
        assert_eq!(
            problem(&location, config(burst).with_function("f")),
            format!(
                "`rate_burst` = {burst} leaves no room for the batches that `batch` in `rate_backend` asks for: set it to 4 or more, or leave `batch` out"
            )
        );
    }
    for (batch, burst) in [("auto", 4), ("1", 1)] {
        let location = format!("redis://127.0.0.1?batch={batch}").into();
        RateLimit::open(&location, config(burst).with_function("f")).unwrap();
    }
}

#[test]
fn a_server_has_several_names() {
    let server = RedisServer::start().unwrap();
    let quota = Quota::per_second(0.001).unwrap();
    let names = [
        format!("redis://127.0.0.1:{}?name=x", server.port()),
        format!("valkey://127.0.0.1:{}?name=x", server.port()),
        format!("unix://{}?name=x", server.socket().display()),
    ];
    let taken = names.map(|name| {
        let config = RateLimitConfig::new(quota).with_max_wait(Duration::ZERO);
        let limit = RateLimit::open(&name.into(), config).unwrap();
        limit.acquire_sync(1).is_ok()
    });
    assert_eq!(taken, [true, false, false]);
}

#[test]
fn blocks_save_round_trips() {
    let server = RedisServer::start().unwrap();
    let quota = Quota::per_second(100_000.0)
        .unwrap()
        .with_burst(10_000)
        .unwrap();
    let location = BackendUri::new(format!("{}?name=x&batch=auto", server.url()));
    let limit = RateLimit::open(&location, RateLimitConfig::new(quota)).unwrap();
    for _ in 0..20_000 {
        limit.acquire_sync(1).unwrap();
    }
    let stats: String = cmd("INFO")
        .arg("commandstats")
        .query(&mut connect(&server))
        .unwrap();
    let scripts = stats
        .lines()
        .find(|line| line.starts_with("cmdstat_evalsha:"));
    let calls = scripts
        .and_then(|line| line.split(['=', ',']).nth(1))
        .unwrap();
    let calls: u32 = calls.parse().unwrap();
    assert!(calls < 2_000, "{calls} round trips for 20,000 permits");
}
