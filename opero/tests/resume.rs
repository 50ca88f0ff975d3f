//! What `#[operomap(resume = …)]` promises: a run that is begun again does what is missing, and no more.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use opero::operomap;
use serde::{Deserialize, Serialize};

opero::worker_tests!();

/// A file that is gone with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("opero-resume-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory.join(name))
    }
}

impl AsRef<Path> for Scratch {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

static RUNS: AtomicU32 = AtomicU32::new(0);

/// The path and the version are expressions, and an argument that is no part of an item's content is left out.
#[operomap(resume_version = 1, cache = false, progress = false, retries = 0, cache_key = |word| word)]
fn length(word: String, runs: &AtomicU32) -> Result<usize, String> {
    runs.fetch_add(1, Relaxed);
    match word.len() {
        0 => Err("nothing to measure".into()),
        length => Ok(length),
    }
}

#[test]
fn what_is_recorded_is_not_run_again_and_failures_are() {
    let file = Scratch::new("length");
    let runs = AtomicU32::new(0);
    let words = || ["one", "", "three"].map(String::from);
    let begin = || length(words(), &runs).resume(file.as_ref());
    let first = begin().run();
    assert_eq!(runs.load(Relaxed), 3);
    let (again, report) = begin().run_report();
    assert_eq!((runs.load(Relaxed), report.resumed), (4, 2));
    assert_eq!(first.len(), again.len());
    assert_eq!(again[2].as_ref().unwrap(), &5);
    let error = again[1].as_ref().unwrap_err();
    assert_eq!(error.function_error().unwrap(), "nothing to measure");
    let recorded = begin().resume_failed(false).run();
    assert_eq!(runs.load(Relaxed), 4);
    let error = recorded[1].as_ref().unwrap_err();
    assert_eq!(error.function_error().unwrap(), "nothing to measure");
}

fn place() -> PathBuf {
    std::env::temp_dir().join(format!("opero-resume-{}.journal", std::process::id()))
}

#[operomap(mode = "process", workers = 1, resume = place(), resume_version = 2, resume_failed = false, cache = false, progress = false)]
fn in_process(n: u32) -> Option<u32> {
    n.checked_sub(1)
}

#[test]
fn results_from_processes_are_recorded_too_under_a_version() {
    let results = in_process([0, 1, 1]).try_run().unwrap();
    assert_eq!(results, [None, Some(0), Some(0)]);
    let (_, report) = in_process([0, 1, 1, 2]).run_report();
    assert_eq!((report.resumed, report.executions), (3, 1));
    let error = in_process([0]).resume_version("3").try_run().unwrap_err();
    assert!(error.to_string().starts_with("`resume`"), "{error}");
    std::fs::remove_file(place()).unwrap();
}

#[derive(Serialize)]
struct Tenant(u32);

impl Tenant {
    #[operomap(resume_failed = true, cache = false, progress = false)]
    fn plus<T>(&self, n: T) -> Result<u32, String>
    where
        T: Into<u32> + Copy + Send + Sync + Serialize,
    {
        RUNS.fetch_add(1, Relaxed);
        Ok(self.0 + n.into())
    }
}

#[test]
fn self_and_the_types_of_a_generic_method_tell_items_apart() {
    let file = Scratch::new("plus");
    let ran = |tenant: &Tenant, wide: bool| {
        let before = RUNS.load(Relaxed);
        let results = match wide {
            true => tenant.plus([1_u32]).resume(file.as_ref()).try_run(),
            false => tenant.plus([1_u8]).resume(file.as_ref()).try_run(),
        };
        assert_eq!(results.unwrap(), [tenant.0 + 1]);
        RUNS.load(Relaxed) - before
    };
    assert_eq!((ran(&Tenant(1), false), ran(&Tenant(1), false)), (1, 0));
    assert_eq!((ran(&Tenant(2), false), ran(&Tenant(2), false)), (1, 0));
    assert_eq!((ran(&Tenant(1), true), ran(&Tenant(1), true)), (1, 0));
}

#[operomap(resume_version = 1, cache = false, progress = false)]
fn shown(value: serde_json::Value) -> String {
    value.to_string()
}

#[test]
fn items_that_look_alike_without_tags_have_records_of_their_own() {
    use serde_json::json;

    let file = Scratch::new("alike");
    let values = [
        json!(1),
        json!(true),
        json!([1]),
        json!([true]),
        json!(null),
        json!([]),
    ];
    for value in &values {
        let run = shown([value.clone()]).resume(file.as_ref());
        let (results, report) = run.run_report();
        assert_eq!(results[0].as_ref().unwrap(), &value.to_string());
        assert_eq!(report.resumed, 0, "{value}");
    }
    let (results, report) = shown(values.clone()).resume(file.as_ref()).run_report();
    assert_eq!((results.len(), report.resumed), (6, 6));
}

#[operomap(resume_version = 1, cache = false, progress = false)]
fn total(counts: std::collections::HashMap<String, u32>) -> u32 {
    counts.values().sum()
}

#[test]
fn equal_maps_are_one_item_whatever_their_order() {
    let file = Scratch::new("total");
    let counts = || (0..20).map(|n| (format!("key {n}"), n)).collect();
    for resumed in [0, 1, 1] {
        let (_, report) = total([counts()]).resume(file.as_ref()).run_report();
        assert_eq!(report.resumed, resumed);
    }
}

#[operomap(resume_version = 1, cache = false, progress = false, cache_key = |x, _f| *x)]
fn applied<F: Fn(u32) -> u32 + Clone + Send + Sync + 'static>(x: u32, f: F) -> u32 {
    f(x)
}

#[test]
fn a_function_over_a_closure_runs_without_records_until_it_has_a_name() {
    let file = Scratch::new("applied");
    let (results, report) = applied([10], |x| x + 1).resume(file.as_ref()).run_report();
    assert_eq!((results[0].as_ref().unwrap(), report.unrecorded), (&11, 1));
    assert!(report.journal_error.unwrap().contains("closure"));
    let (results, report) = applied([10], |x| x * 2).resume(file.as_ref()).run_report();
    assert_eq!((results[0].as_ref().unwrap(), report.resumed), (&20, 0));

    let file = Scratch::new("applied by name");
    for resumed in [0, 1] {
        let run = applied([10], |x| x * 3).resume_name("three times");
        let (results, report) = run.resume(file.as_ref()).run_report();
        assert_eq!(
            (results[0].as_ref().unwrap(), report.resumed),
            (&30, resumed)
        );
    }
}

#[test]
fn two_functions_of_one_name_need_names_of_their_own() {
    macro_rules! inner {
        (|$x:ident| $result:expr) => {{
            #[operomap(resume_version = 1, cache = false, progress = false)]
            fn inner($x: u32) -> u32 {
                $result
            }
            inner([10])
        }};
    }
    let file = Scratch::new("inner");
    let error = inner!(|x| x + 1)
        .resume(file.as_ref())
        .try_run()
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("`resume_name`"), "{error}");
    assert!(error.matches("resume.rs:").count() == 2, "{error}");
    let named = inner!(|x| x * 2).resume_name("twice").resume(file.as_ref());
    assert_eq!(named.run()[0].as_ref().unwrap(), &20);
}

mod before {
    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct Sum {
        sum: u32,
    }

    #[opero::operomap(resume_name = "increment", cache = false, progress = false)]
    pub(super) fn plus_one(n: u32) -> Sum {
        Sum { sum: n + 1 }
    }
}

const NAME: &str = "increment";

/// The same by another name, in another place, and with a value of another type of the same shape.
#[operomap(resume_name = NAME, cache = false, progress = false)]
fn increment(n: u32) -> Incremented {
    Incremented { sum: n + 1 }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Incremented {
    sum: u32,
}

#[test]
fn a_function_with_a_name_of_its_own_finds_its_records_after_it_was_renamed_and_moved() {
    let file = Scratch::new("increment");
    let (_, report) = before::plus_one([1, 2]).resume(file.as_ref()).run_report();
    assert_eq!((report.resumed, report.executions), (0, 2));
    let (results, report) = increment([1, 2, 3]).resume(file.as_ref()).run_report();
    assert_eq!((report.resumed, report.executions), (2, 1));
    assert_eq!(results[1].as_ref().unwrap(), &Incremented { sum: 3 });
    let renamed = increment([1]).resume_name("other").resume(file.as_ref());
    let error = renamed.try_run().unwrap_err().to_string();
    assert!(error.starts_with("`resume`"), "{error}");
}

#[operomap(cache = false, progress = false)]
fn unprepared(n: u32) -> Result<u32, String> {
    Ok(n)
}

#[test]
fn a_function_that_is_not_prepared_says_how_it_can_be_recorded() {
    let file = Scratch::new("unprepared");
    let error = unprepared([1]).resume(file.as_ref()).try_run().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`resume` records the run, and the function's attribute does not prepare it: write `resume_version = 1` in the \
         attribute, or name the function: `.resumable(\"…\")`"
    );
    for resumed in [0, 2] {
        let run = unprepared([1, 2])
            .resumable("unprepared")
            .resume(file.as_ref());
        let (results, report) = run.run_report();
        assert_eq!((results.len(), report.resumed), (2, resumed));
    }
}

#[operomap(cache = false, progress = false)]
fn infallible(n: u32) -> u32 {
    n + 1
}

#[test]
fn a_function_that_cannot_fail_is_recorded_under_a_name() {
    let file = Scratch::new("infallible");
    for resumed in [0, 2] {
        let run = infallible([1, 2])
            .resumable("infallible")
            .resume(file.as_ref());
        let (results, report) = run.run_report();
        assert_eq!(results[1].as_ref().unwrap(), &3);
        assert_eq!((results.len(), report.resumed), (2, resumed));
    }
}

#[test]
fn a_pipeline_from_the_builder_resumes_under_a_name() {
    let file = Scratch::new("pipeline");
    let pipeline = opero::Pipeline::builder()
        .cache(false)
        .retries(0)
        .build()
        .unwrap();
    let runs = AtomicU32::new(0);
    for resumed in [0, 2] {
        let run = pipeline.map([1_u32, 2], |n, _| {
            runs.fetch_add(1, Relaxed);
            Ok::<_, String>(n + 1)
        });
        let run = run.resumable("plus one").resume(file.as_ref());
        let (results, report) = run.run_report();
        assert_eq!(*results[1].as_ref().unwrap(), 3);
        assert_eq!(report.resumed, resumed);
    }
    assert_eq!(runs.load(Relaxed), 2);
}
