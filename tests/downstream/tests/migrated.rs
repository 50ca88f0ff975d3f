//! The examples of the Python package `opero`, written as the guide's page `migration` says.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use opero::{opero, operomap, Error};

opero::worker_tests!();

static EXECUTIONS: AtomicU32 = AtomicU32::new(0);

// Python: @opero(cache_ttl=60)
#[opero(cache_ttl = 60)]
fn fibonacci(n: u64) -> u64 {
    EXECUTIONS.fetch_add(1, Relaxed);
    if n <= 1 {
        n
    } else {
        fibonacci(n - 1) + fibonacci(n - 2)
    }
}

#[test]
fn a_recursive_function_is_cached() {
    assert_eq!((fibonacci(10), fibonacci(10)), (55, 55));
    assert_eq!(EXECUTIONS.load(Relaxed), 11, "one for each argument");
}

// Python: @opero(retries=1, arg_fallback="api_key"), and api_key=["primary", "backup"]
#[opero(retries = 1, min_delay = "1ms", arg_fallback = "api_key")]
fn call_api(
    data: &str,
    #[fallback("primary", "backup")] api_key: &str,
) -> Result<String, Error<String>> {
    if data.is_empty() || api_key == "primary" {
        Err(format!("{api_key} failed"))?;
    }
    Ok(format!("{data} by {api_key}"))
}

#[test]
fn the_body_sees_one_value_and_the_error_has_every_attempt() {
    assert_eq!(call_api("answer").unwrap(), "answer by backup");
    let error = call_api("").unwrap_err();
    assert_eq!(error.attempts(), 4, "two rounds of two values");
    assert_eq!(error.earlier().len(), 3);
    assert_eq!(error.function_error().unwrap(), "backup failed");
}

// Python: @opmap(mode="process", workers=2, cache_ttl=300)
#[operomap(mode = "process", workers = 2, cache_ttl = 300, retries = 0)]
fn process_item(item: u64) -> Result<(u64, u32), String> {
    if item == 3 {
        return Err("three".into());
    }
    Ok((item * item, std::process::id()))
}

#[test]
fn a_map_runs_in_worker_processes() {
    let results = process_item(0..5).progress(false).run();
    let squares = results.iter().map(|result| match result {
        Ok((square, process)) => {
            assert_ne!(*process, std::process::id());
            Some(*square)
        }
        Err(error) => {
            assert_eq!(error.function_error().unwrap(), "three");
            None
        }
    });
    let expected = [Some(0), Some(1), Some(4), None, Some(16)];
    assert_eq!(squares.collect::<Vec<_>>(), expected);
    assert!(process_item(0..5).progress(false).try_run().is_err());
}

// Python: @opmap(mode="async", workers=8, retries=2, rate_limit=1000.0)
#[operomap(mode = "async", workers = 8, retries = 2, rate_limit = 1000.0)]
async fn fetch(page: &str) -> Result<String, String> {
    Ok(page.to_uppercase())
}

#[test]
fn an_async_map_needs_no_runtime_of_ours() {
    let pages = fetch(["a", "b"]).progress(false).try_run().unwrap();
    assert_eq!(pages, ["A", "B"]);
}

type Source = fn(u32) -> Result<String, String>;

fn primary(value: u32) -> Result<String, String> {
    Err(format!("no {value}"))
}

fn backup(value: u32) -> Result<String, String> {
    Ok(format!("backup: {value}"))
}

// Python, version 1: @orchestrate(fallbacks=[backup])
#[opero(cache = false, retries = 0)]
fn chain(
    value: u32,
    #[fallback(primary as Source, backup as Source)] source: Source,
) -> Result<String, String> {
    source(value)
}

#[test]
fn fallback_functions_are_fallback_values() {
    assert_eq!(chain(2).unwrap(), "backup: 2");
}
