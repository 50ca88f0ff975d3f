//! A map's report says what happened, and the pipeline around its items holds over all its workers.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use opero::map::Report;
use opero::opero_core::sync::lock;
use opero::{Error, Event, ManualClock, opero, operomap};

use crate::support::with_clock;

/// What the function counts itself.
#[derive(Debug, Default)]
struct Counted {
    executions: AtomicU64,
    with_second_value: AtomicU64,
    tried: Mutex<BTreeSet<(u64, bool)>>,
}

impl Counted {
    /// The first execution of an item with a value fails. Of items above 50 each one with the first value fails, of
    /// those above 90 all.
    fn execute(&self, item: u64, value: &str) -> Result<u64, Error<&'static str>> {
        self.executions.fetch_add(1, SeqCst);
        let second = value == "second";
        if second {
            self.with_second_value.fetch_add(1, SeqCst);
        }
        let first_time = lock(&self.tried).insert((item, second));
        let fails = first_time || item > 90 || (item > 50 && !second);
        if fails {
            Err("as the test wants")?
        }
        Ok(item * 10)
    }

    fn executions(&self) -> u64 {
        self.executions.load(SeqCst)
    }
}

macro_rules! mapped {
    ($($keyword:ident)+ ($($yield:tt)*)) => {
        #[operomap(
            cache_key = |item| item,
            retries = 1,
            min_delay = 0,
            rate_limit = "1000/s",
            progress = false
        )]
        $($keyword)+ (
            item: u64,
            counted: &Counted,
            #[fallback("first", "second")] value: &str,
        ) -> Result<u64, Error<&'static str>> {
            $($yield)*
            counted.execute(item, value)
        }
    };
}

mapped!(fn in_threads());
mapped!(async fn in_tasks(tokio::task::yield_now().await;));

/// Items 1 to 100, each of them twice: a report for what became of them must add up in every way.
fn check(run: impl Fn(Vec<u64>, &Counted) -> (Vec<Result<u64, Error<&'static str>>>, Report)) {
    let clock = ManualClock::auto();
    with_clock(clock.clone(), || {
        let counted = Counted::default();
        let items: Vec<_> = (1..=100).flat_map(|item| [item, item]).collect();
        let (results, report) = run(items.clone(), &counted);
        for (item, result) in items.iter().zip(&results) {
            match (item, result) {
                (1..=90, Ok(value)) => assert_eq!(*value, item * 10, "in the order of the input"),
                (91.., Err(error)) => assert_eq!(error.attempts(), 4),
                (item, result) => panic!("{item}: {result:?}"),
            }
        }
        // Whatever the workers' timing: those that fail are executed for each of the two, or shared.
        let (second, executions) = (counted.with_second_value.load(SeqCst), counted.executions());
        assert_eq!((report.items, report.ok, report.failed), (200, 180, 20));
        assert_eq!(report.executions, executions);
        assert_eq!(report.fallbacks, second);
        // Each of the first 90 is executed for one of its two, and comes from the cache or the other call for the other.
        let failed_together = report.cache_hits + report.coalesced - 90;
        assert!(failed_together <= 10, "{report}");
        let failing = 20 - failed_together;
        assert_eq!(report.retries, 90 + failing, "{report}");
        assert_eq!(executions, 50 * 3 + 40 * 4 + failing * 4, "{report}");

        // A second pass over those that succeeded is all hits: nothing is executed, and no permit is asked for.
        let (results, report) = run((1..=90).collect(), &counted);
        assert!(results.iter().all(Result::is_ok));
        assert_eq!((report.items, report.ok, report.cache_hits), (90, 90, 90));
        assert_eq!(
            (report.executions, report.retries, report.fallbacks),
            (0, 0, 0)
        );
        assert_eq!((report.coalesced, report.permit_wait_s), (0, 0.0));
        assert_eq!(counted.executions(), executions);
    });
}

#[test]
fn the_report_of_a_thread_map_is_what_happened() {
    check(|items, counted| in_threads(items, counted).workers(8).run_report());
}

#[test]
fn the_report_of_an_async_map_is_what_happened() {
    check(|items, counted| in_tasks(items, counted).workers(8).run_report());
}

const NO_BACKEND: &str = "memroy";

#[operomap(cache_backend = NO_BACKEND, progress = false)]
fn misconfigured(item: u64) -> Result<u64, Error<&'static str>> {
    Ok(item)
}

#[test]
fn a_wrong_parameter_of_the_pipeline_is_told_before_the_first_item() {
    let error = misconfigured(Vec::new()).check().unwrap_err();
    assert_eq!(error.parameter(), "cache_backend");
    assert!(misconfigured(Vec::new()).try_run().is_err());
}

/// What items call: the first execution for an item fails, and each item is called twice.
mod within {
    use super::*;

    macro_rules! called {
        ($($keyword:ident)+) => {
            #[opero(cache = true, cache_key = |item| item, retries = 2, min_delay = 0)]
            pub(super) $($keyword)+ (
                item: u64,
                tried: &Mutex<BTreeSet<u64>>,
                #[fallback("first", "second")] value: &str,
            ) -> Result<u64, Error<&'static str>> {
                let is_new = value == "second" && lock(tried).insert(item);
                match is_new || value == "first" {
                    true => Err("as the test wants")?,
                    false => Ok(item),
                }
            }
        };
    }
    called!(fn sync_twice);
    called!(async fn twice);

    /// What the report has to say of so many items: two attempts with two values each, then a hit.
    pub(super) fn check(report: &Report, items: u64) {
        assert_eq!(report.items, items);
        assert_eq!(report.executions, items, "only the map's own function");
        assert_eq!(report.retries, items, "{report}");
        assert_eq!(report.fallbacks, 2 * items, "{report}");
        assert_eq!(report.cache_hits, items, "{report}");
    }
}

#[test]
fn what_decorated_functions_within_the_items_did_is_in_the_report() {
    let tried = Mutex::default();
    let item = |item| {
        within::sync_twice(item, &tried)?;
        within::sync_twice(item, &tried)
    };
    let (_, report) = opero::map::map(0..20, item).workers(2).run_report();
    within::check(&report, 20);
    let asynchronous = async |item| {
        within::twice(item, &tried).await?;
        within::twice(item, &tried).await
    };
    let (_, report) = opero::map::map_async(100..120, asynchronous).run_report();
    within::check(&report, 20);
    // Nothing is counted for a run that is over, nor for what is called beside it.
    let (_, report) = std::thread::scope(|scope| {
        scope.spawn(|| within::sync_twice(999, &tried));
        opero::map::map(0..3, Ok::<u64, ()>).run_report()
    });
    assert_eq!((report.retries, report.cache_hits), (0, 0));
}

#[test]
fn a_run_within_an_item_counts_for_the_run_around_it() {
    let tried = Mutex::default();
    let item = |item| {
        within::sync_twice(item, &tried)?;
        within::sync_twice(item, &tried)
    };
    for shown in [false, true] {
        let start = if shown { 300 } else { 200 };
        let outer = |n: u64| {
            let first = start + 10 * n;
            let run = opero::map::map(first..first + 10, item).workers(2);
            match shown {
                false => run.progress(false).run().len(),
                true => run.run_report().0.len(),
            };
            Ok::<_, ()>(())
        };
        let (_, report) = opero::map::map(0..2, outer).workers(1).run_report();
        assert_eq!((report.items, report.executions), (2, 2));
        let counts = (report.retries, report.fallbacks, report.cache_hits);
        assert_eq!(counts, (20, 40, 20), "{report}");
    }
}

/// The same in worker processes; each of them has tried nothing when it starts.
mod within_workers {
    use super::*;

    static TRIED: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

    #[operomap(
        mode = "process",
        workers = 2,
        retries = 0,
        cache = false,
        progress = false
    )]
    pub(super) fn observed(item: u64) -> Result<u64, String> {
        within::sync_twice(item, &TRIED).map_err(|error| error.to_string())
    }

    #[operomap(
        mode = "process",
        workers = 2,
        retries = 0,
        cache = false,
        progress = false
    )]
    pub(super) fn sync_worked(item: u64) -> Result<u64, String> {
        let call = || within::sync_twice(item, &TRIED).map_err(|error| error.to_string());
        call()?;
        let value = call()?;
        assert_ne!(value % 10, 7, "as the test wants");
        Ok(value)
    }

    #[operomap(
        mode = "async_process",
        workers = 2,
        retries = 0,
        cache = false,
        progress = false
    )]
    pub(super) async fn worked(item: u64) -> Result<u64, String> {
        for _ in 0..2 {
            let called = within::twice(item, &TRIED).await;
            called.map_err(|error| error.to_string())?;
            tokio::task::yield_now().await;
        }
        assert_ne!(item % 10, 7, "as the test wants");
        Ok(item)
    }

    #[operomap(
        mode = "process",
        workers = 2,
        retries = 0,
        cache = false,
        progress = false
    )]
    pub(super) fn around(item: u64) -> Result<u64, String> {
        sync_worked(10 * item..10 * item + 5).run();
        Ok(item)
    }
}

/// Those that panic in the end too.
#[test]
fn what_decorated_functions_within_worker_processes_did_is_in_the_report() {
    let (results, report) = within_workers::sync_worked(0..20).run_report();
    within::check(&report, 20);
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 2);
    let (results, report) = within_workers::worked(0..20).run_report();
    within::check(&report, 20);
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 2);
}

#[test]
fn a_run_in_worker_processes_counts_for_the_run_around_it() {
    let outer = |n: u64| {
        let first = 10 * n;
        Ok::<_, ()>(within_workers::sync_worked(first..first + 5).run().len())
    };
    let (_, report) = opero::map::map(0..4, outer).workers(1).run_report();
    assert_eq!((report.items, report.executions), (4, 4));
    let counts = (report.retries, report.fallbacks, report.cache_hits);
    assert_eq!(counts, (20, 40, 20), "{report}");
    let (_, report) = within_workers::around(0..4).run_report();
    let counts = (report.retries, report.fallbacks, report.cache_hits);
    assert_eq!(counts, (20, 40, 20), "{report}");
}

/// Beside that, the observers of this process are told of them in sum.
#[test]
fn what_happened_within_a_worker_process_is_an_event() {
    static COUNTED: AtomicU64 = AtomicU64::new(0);
    opero::observe(|function: &str, event: &Event<'_>| {
        if let Event::CountedByWorker { counts } = event
            && function.ends_with("observed")
        {
            COUNTED.fetch_add(counts.retries, SeqCst);
        }
    });
    let (_, report) = within_workers::observed(0..10).run_report();
    assert_eq!((report.retries, COUNTED.load(SeqCst)), (10, 10));
}
