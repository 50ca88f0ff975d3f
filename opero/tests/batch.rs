//! The main job, as the README's first command runs it: every prompt gets its answer, and a second pass over the same
//! prompts executes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers of tests may panic as tests do"
)]

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// The example's binary, which `cargo test` builds beside this test's.
fn example() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("examples/batch")
}

fn passes(arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(example())
        .args(arguments)
        .arg("--json")
        .output()
        .expect("the example is built by `cargo test`; with --test it is not");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    report["passes"].as_array().unwrap().clone()
}

#[test]
fn every_prompt_is_answered_and_the_second_pass_executes_nothing() {
    let passes = passes(&[]);
    let [first, second] = passes.as_slice() else {
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
