//! The script, on a real server, against its twin: with the server's time as an argument, so that it can be any.

use opero_test_servers::RedisServer;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::runtime::Builder;

use super::super::gcra::{Reply, Request};
use super::server::{Server, State};

const SCRIPT: &str = include_str!("../gcra.lua");

fn request() -> impl Strategy<Value = Request> {
    let nanos = || prop_oneof![0..5_u64, 0..5_000_000_000_u64, 0..=1_u64 << 61];
    let parts = (nanos(), nanos(), nanos());
    parts.prop_map(|(ahead, hold, span)| Request { ahead, hold, span })
}

/// A time of the server's, in whole microseconds as it has them, that is like others.
fn time() -> impl Strategy<Value = u64> {
    let base = 1_800_000_000_000_000_u64;
    prop_oneof![
        base..base + 10,
        base..base + 10_000_000,
        0..4_000_000_000_000_000_u64
    ]
    .prop_map(|micros| micros * 1_000)
}

#[test]
fn the_script_decides_as_its_twin() {
    let told = replaced(SCRIPT, "redis.call('TIME')", "{ARGV[7], ARGV[8]}");
    // Nothing expires: the server's own time is another.
    let told = replaced(&told, "'PX', string.format('%.0f', lifetime)", "'KEEPTTL'");
    let server = RedisServer::start().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let client = opero_redis::redis::Client::open(server.url()).unwrap();
    let connection = client.get_multiplexed_async_connection();
    let connection = runtime.block_on(connection).unwrap();
    let steps = proptest::collection::vec((time(), request()), 1..6);
    let number = std::cell::Cell::new(0);
    let scenario = |steps: Vec<(u64, Request)>| {
        number.set(number.get() + 1);
        let key = format!("limit {}", number.get());
        let mut twin = Server::default();
        for (now, request) in steps {
            let mut command = opero_redis::redis::cmd("EVAL");
            command
                .arg(&told)
                .arg(1)
                .arg(&key)
                .arg(&request.arguments()[..]);
            command
                .arg(now / 1_000_000_000)
                .arg(now % 1_000_000_000 / 1_000);
            let mut connection = connection.clone();
            let numbers: Vec<i64> = runtime
                .block_on(command.query_async(&mut connection))
                .unwrap();
            let expected = twin.decide(now, request);
            prop_assert_eq!(Reply::from_script(&numbers), Some(expected));
            let mut get = opero_redis::redis::cmd("GET");
            let stored = get.arg(&key).query_async(&mut connection);
            let stored: Option<String> = runtime.block_on(stored).unwrap();
            prop_assert_eq!(stored, twin.state().map(|state| written(&state)));
        }
        Ok(())
    };
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new(config).run(&steps, scenario).unwrap();
}

fn replaced(script: &str, this: &str, that: &str) -> String {
    assert!(script.contains(this), "{this}");
    script.replace(this, that)
}

fn written(State { next, seen }: &State) -> String {
    let second = 1_000_000_000;
    format!(
        "{} {} {} {}",
        next / second,
        next % second,
        seen / second,
        seen % second
    )
}
