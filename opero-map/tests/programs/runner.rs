//! The least of a test harness: names, a filter, `--exact` and `--list`, one test after the other.

use std::panic::catch_unwind;
use std::process::ExitCode;

/// A test and its name.
pub(crate) type Test = (&'static str, fn());

/// Flags of the usual harness that a value follows; they change nothing here.
const VALUED: [&str; 4] = ["--test-threads", "--format", "--color", "--logfile"];

pub(crate) fn run(tests: &[Test]) -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    while let Some(flag) = arguments
        .iter()
        .position(|argument| VALUED.contains(&argument.as_str()))
    {
        arguments.drain(flag..arguments.len().min(flag + 2));
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let names: Vec<_> = arguments
        .iter()
        .filter(|name| !name.starts_with('-'))
        .collect();
    let exact = has("--exact");
    let is_meant = |test: &str| {
        let is_it = |name: &&String| match exact {
            true => name.as_str() == test,
            false => test.contains(name.as_str()),
        };
        names.is_empty() || names.iter().any(is_it)
    };
    // No test here is ignored, and none is a benchmark.
    if has("--ignored") || has("--bench") {
        return ExitCode::SUCCESS;
    }
    let mut failed = Vec::new();
    for (name, test) in tests.iter().filter(|(name, _)| is_meant(name)) {
        if has("--list") {
            println!("{name}: test");
            continue;
        }
        if catch_unwind(test).is_ok() {
            println!("test {name} ... ok");
        } else {
            println!("test {name} ... FAILED");
            failed.push(name);
        }
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("failed: {failed:?}");
    ExitCode::FAILURE
}
