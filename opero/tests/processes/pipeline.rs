//! The pipeline stays in the parent.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use opero::{Error, ErrorKind, RejectedKind, operomap};
use proptest::prelude::*;

#[operomap(mode = "process", workers = 2, progress = false)]
fn square(n: u64) -> u64 {
    n * n
}

#[test]
fn a_hit_costs_no_execution() {
    let (_, report) = square([2, 3]).run_report();
    assert_eq!((report.executions, report.cache_hits), (2, 0));
    let (results, report) = square([2, 3]).run_report();
    assert_eq!(*results[1].as_ref().unwrap(), 9);
    assert_eq!((report.executions, report.cache_hits), (0, 2));
}

#[operomap(
    mode = "process",
    workers = 2,
    retries = 2,
    min_delay = 0,
    cache = false,
    progress = false
)]
fn falls(n: u32) -> Result<u32, String> {
    match n {
        1 => std::process::abort(),
        2 => panic!("for a reason"),
        3 => std::process::exit(3),
        4 => Err("in words".into()),
        _ => Ok(n),
    }
}

#[test]
fn what_ends_a_worker_is_a_failed_attempt_of_one_item() {
    let (results, report) = falls(0..6).run_report();
    let kinds: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().map_err(Error::kind).copied())
        .collect();
    assert_eq!(kinds[0], Ok(0));
    assert_eq!(kinds[1], Err(ErrorKind::Crashed));
    assert_eq!(kinds[2], Err(ErrorKind::Panic));
    assert_eq!(kinds[3], Err(ErrorKind::Crashed));
    assert_eq!(kinds[4], Err(ErrorKind::Function));
    assert_eq!(kinds[5], Ok(5));
    for crashed in [1, 3, 4] {
        assert_eq!(results[crashed].as_ref().unwrap_err().attempts(), 3);
    }
    assert!(report.executions >= 12, "{report:?}");
}

#[operomap(
    mode = "process",
    workers = 1,
    retries = 2,
    min_delay = 0,
    cache = false,
    progress = false,
    retry_on = |error| !error.contains("worker process")
)]
fn falls_for_good(n: u32) -> Result<u32, String> {
    match n {
        1 => std::process::abort(),
        _ => Ok(n),
    }
}

#[test]
fn the_predicate_decides_on_a_crash() {
    let results = falls_for_good(0..3).run();
    let error = results[1].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Crashed, 1));
    assert!(results[0].is_ok() && results[2].is_ok());
}

static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);

/// Does in each execution of its worker what the next step of `script` says.
#[operomap(
    mode = "process",
    workers = 1,
    retries = 2,
    min_delay = 0,
    cache = false,
    progress = false,
    retry_on = |error| error.contains("again"),
    fallback_on = |error| error.contains("else"),
)]
fn scripted(
    script: &[u8],
    #[fallback("a", "b")] model: &str,
) -> Result<(usize, String), Error<String>> {
    let execution = EXECUTIONS.fetch_add(1, Relaxed);
    match script[execution % script.len()] {
        0 => Ok((execution, model.to_owned())),
        1 => Err("again".to_owned())?,
        2 => Err("else".to_owned())?,
        3 => Err("else, again".to_owned())?,
        4 => Err("never".to_owned())?,
        _ => panic!("for a reason"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A report needs every event, so the stages run the first attempt as well.
    #[test]
    fn a_first_attempt_without_the_stages_changes_nothing(
        script in proptest::collection::vec(0..6_u8, 1..6)
    ) {
        let results = scripted([&script[..]]).run();
        let (reported, report) = scripted([&script[..]]).run_report();
        prop_assert_eq!(format!("{results:?}"), format!("{reported:?}"));
        if let Ok((before, _)) = &results[0] {
            prop_assert_eq!(report.executions, *before as u64 + 1);
        }
    }
}

#[operomap(mode = "process", workers = 1, cache = false, progress = false)]
fn double(n: u32) -> u32 {
    n * 2
}

#[test]
fn a_first_attempt_in_a_worker_allocates_for_the_call_and_its_answer() {
    // Of this thread, which drives the run. The third is room for what a run needs, however many items it has.
    let items = 10_000;
    let allocations = allocation_counter::measure(|| assert!(double(0..items).try_run().is_ok()));
    assert!(
        allocations.count_total < u64::from(items) * 3,
        "{allocations:?}"
    );
}

#[operomap(
    mode = "process",
    workers = 1,
    retries = 0,
    rate_limit = "1/h",
    rate_max_wait = 0,
    rate_key = model,
    cache = false,
    progress = false
)]
fn of_a_model(n: u32, #[fallback("a", "b")] model: &str) -> Result<String, Error<String>> {
    let _ = n;
    Ok(model.to_owned())
}

#[test]
fn each_fallback_value_has_its_own_limiter() {
    let (values, errors): (Vec<_>, Vec<_>) =
        of_a_model(0..3).run().into_iter().partition(Result::is_ok);
    let mut values: Vec<_> = values.into_iter().map(Result::unwrap).collect();
    values.sort();
    assert_eq!(values, ["a", "b"]);
    assert!(errors[0].as_ref().unwrap_err().is_rate_limited());
}

#[operomap(
    mode = "process",
    workers = 1,
    retries = 0,
    attempt_timeout = "200ms",
    cache = false,
    progress = false
)]
fn stuck(n: u32) -> Result<u32, Error<String>> {
    if n == 1 {
        loop {
            std::hint::spin_loop();
        }
    }
    Ok(n)
}

#[operomap(
    mode = "process",
    workers = 1,
    retries = 0,
    item_timeout = "200ms",
    cache = false,
    progress = false
)]
fn late(n: u32) -> Result<u32, Error<String>> {
    if n == 1 {
        std::thread::sleep(Duration::from_secs(600));
    }
    Ok(n)
}

#[test]
fn a_synchronous_function_has_limited_time_in_a_process() {
    let started = Instant::now();
    let results = stuck(0..3).run();
    let rejected = results[1].as_ref().unwrap_err().rejection().unwrap().kind();
    assert!(
        matches!(rejected, RejectedKind::AttemptTimeout { .. }),
        "{rejected:?}"
    );
    assert!(results[0].is_ok() && results[2].is_ok());
    let results = late(0..3).run();
    let rejected = results[1].as_ref().unwrap_err().rejection().unwrap().kind();
    assert!(
        matches!(rejected, RejectedKind::ItemTimeout { .. }),
        "{rejected:?}"
    );
    assert!(results[0].is_ok() && results[2].is_ok());
    // A guard against a hang, nothing more.
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_closure_of_the_builder_says_that_it_cannot_run_in_processes() {
    let pipeline = opero::Pipeline::builder().cache(false).build().unwrap();
    let run = pipeline.map([1], |n: &u32, _| Ok::<_, String>(*n));
    assert_eq!(
        run.mode("process").try_run().unwrap_err().to_string(),
        "`mode` runs the function in worker processes, which cannot find a closure: move its body into a free function, and \
         decorate that with `#[operomap(mode = \"process\")]`"
    );
}

static MODEL: OnceLock<String> = OnceLock::new();

fn load() {
    MODEL.get_or_init(|| "loaded".to_owned());
}

#[operomap(mode = "process", worker_init = load, workers = 1, cache = false, progress = false)]
fn with_model(n: u32) -> Result<String, String> {
    let model = MODEL.get().ok_or("there is no model")?;
    Ok(format!("{model} {n}"))
}

#[test]
fn a_worker_is_made_ready_once_and_the_parent_is_not() {
    assert_eq!(with_model([1]).try_run().unwrap(), ["loaded 1"]);
    assert!(MODEL.get().is_none());
}

#[operomap(
    mode = "process",
    workers = 1,
    worker_in_flight = 4,
    worker_memory = "8 GiB",
    worker_recycle_after = 2,
    worker_recycle_above = 4_000_000_000,
    on_error = "stop above 50%",
    timeline = true,
    ctrl_c = false,
    cache = false,
    progress = false
)]
async fn every_parameter(n: u32) -> u32 {
    std::process::id() + n - n
}

#[test]
fn parameters_about_workers_reach_them() {
    let pids = every_parameter(0..5).try_run().unwrap();
    let mut distinct = pids.clone();
    distinct.dedup();
    assert!(distinct.len() >= 2, "{pids:?}");
    let run = every_parameter(0..5).worker_recycle_after(100).workers(1);
    let run = run.worker_in_flight(2).worker_memory(1 << 34);
    let mut pids = run.worker_recycle_above(1 << 33).try_run().unwrap();
    pids.dedup();
    assert_eq!(pids.len(), 1);
}
