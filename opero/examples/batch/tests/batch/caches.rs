//! What is answered from a cache, within a run and from one run to the next.

use std::process::Command;

use opero_test_servers::RedisServer;

use super::support::{Directory, example, output, report};

#[test]
fn every_prompt_is_answered_and_the_second_pass_executes_nothing() {
    let report = report(&mut example());
    let passes = report["passes"].as_array().unwrap().as_slice();
    let [first, second] = passes else {
        panic!("two passes: {passes:?}");
    };
    let items = first["items"].as_u64().unwrap();
    assert!(items >= 200, "{first}");
    for report in [first, second] {
        assert_eq!(report["items"], items);
        assert_eq!(report["ok"], items, "{report}");
        assert_eq!(report["failed"], 0, "{report}");
        assert!(report["wall_s"].is_number() && report["permit_wait_s"].is_number());
        for percentile in ["p50", "p95", "p99"] {
            assert!(report["latency_ms"][percentile].is_number(), "{report}");
        }
    }
    // The provider fails now and then, so the first pass needs more executions than it has items.
    assert!(first["executions"].as_u64().unwrap() > items, "{first}");
    assert!(first["retries"].as_u64().unwrap() > 0, "{first}");
    assert!(first["fallbacks"].as_u64().unwrap() > 0, "{first}");
    assert_eq!(first["cache_hits"], 0);
    assert_eq!(second["executions"], 0, "{second}");
    assert_eq!(second["cache_hits"], items);
}

/// Prompts enough to show it, and few enough for a test of each cache.
const PROMPTS: usize = 60;

/// Runs the example twice, one process after the other; the last run tells a reader what the first test reads as JSON.
fn run_twice(test: &str, cache: impl Fn(&mut Command, &Directory)) {
    let directory = Directory::of(test);
    let command = || {
        let mut command = example();
        command.arg(directory.first_prompts(PROMPTS));
        cache(&mut command, &directory);
        command
    };
    let first = report(&mut command());
    assert_eq!(first["passes"][0]["cache_hits"], 0, "{first}");
    assert_eq!(first["passes"][0]["ok"], PROMPTS, "{first}");
    let requests = first["provider_requests"].as_u64().unwrap();
    assert!(requests >= PROMPTS as u64, "{first}");

    let second = report(&mut command());
    for pass in second["passes"].as_array().unwrap() {
        assert_eq!(pass["ok"], PROMPTS, "{second}");
        assert_eq!(pass["cache_hits"], PROMPTS, "{second}");
        assert_eq!(pass["executions"], 0, "{second}");
    }
    assert_eq!(second["provider_requests"], 0, "{second}");

    let said = output(&mut command());
    let line =
        format!("{PROMPTS} of {PROMPTS} answered from the cache; the provider counted 0 requests.");
    assert!(said.contains(&line), "{said}");
}

fn run_twice_in_a_directory(cache: &str) {
    run_twice(cache, |command, directory| {
        command.args(["--cache", cache, "--cache-dir"]);
        command.arg(directory.file("cache"));
    });
}

fn run_twice_with_a_server(cache: &str) {
    let server = RedisServer::start().unwrap();
    run_twice(cache, |command, _| {
        command.args(["--cache", cache]);
        command.env("OPERO_REDIS_URL", server.url());
    });
}

#[test]
fn a_second_process_asks_for_nothing_that_the_first_left_in_disk() {
    run_twice_in_a_directory("disk");
}

#[test]
fn a_second_process_asks_for_nothing_that_the_first_left_in_redb() {
    run_twice_in_a_directory("redb");
}

#[test]
fn a_second_process_asks_for_nothing_that_the_first_left_in_redis() {
    run_twice_with_a_server("redis");
}

#[test]
fn a_second_process_asks_for_nothing_that_the_first_left_behind_two_layers() {
    run_twice_with_a_server("memory+redis");
}

#[test]
fn the_users_cache_directory_is_the_default() {
    run_twice("default", |command, directory| {
        command.args(["--cache", "redb"]);
        command.env("XDG_CACHE_HOME", directory.file("home"));
    });
}

#[test]
fn a_cache_that_is_away_is_told_in_the_end() {
    let mut server = RedisServer::start().unwrap();
    server.kill();
    let directory = Directory::of("away");
    let command = || {
        let mut command = example();
        command.arg(directory.first_prompts(PROMPTS));
        command.args(["--cache", "redis"]);
        command.env("OPERO_REDIS_URL", server.url());
        command
    };
    let report = report(&mut command());
    assert_eq!(report["passes"][1]["ok"], PROMPTS, "{report}");
    let told = &report["cache_unavailable"];
    assert!(told["count"].as_u64().unwrap() > 0, "{report}");
    assert!(told["last_reason"].as_str().unwrap().contains("redis"));
    let said = output(&mut command());
    assert!(said.contains("The cache did not answer "), "{said}");
}
