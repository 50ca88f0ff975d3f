//! What `#[operomap(resume = …)]` promises: a run that is begun again does what is missing, and no more.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use opero::operomap;
use serde::Serialize;

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
#[operomap(cache = false, progress = false, retries = 0, cache_key = |word| word)]
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
fn elsewhere(n: u32) -> Option<u32> {
    n.checked_sub(1)
}

#[test]
fn results_from_processes_are_recorded_too_under_a_version() {
    let results = elsewhere([0, 1, 1]).try_run().unwrap();
    assert_eq!(results, [None, Some(0), Some(0)]);
    let (_, report) = elsewhere([0, 1, 1, 2]).run_report();
    assert_eq!((report.resumed, report.executions), (3, 1));
    let error = elsewhere([0]).resume_version("3").try_run().unwrap_err();
    assert!(error.to_string().starts_with("`resume`"), "{error}");
    std::fs::remove_file(place()).unwrap();
}

#[derive(Serialize)]
struct Tenant(u32);

impl Tenant {
    #[operomap(cache = false, progress = false)]
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

struct Opaque;

#[operomap(cache = false, progress = false)]
fn keyless(n: u32, _connection: &Opaque) -> u32 {
    n
}

#[operomap(cache = false, progress = false)]
fn unwritten(n: u32) -> Result<u32, std::io::Error> {
    Ok(n)
}

#[test]
fn what_cannot_be_recorded_says_so() {
    let file = Scratch::new("keyless");
    let error = keyless([1], &Opaque).resume(file.as_ref()).run();
    let error = error[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("`cache_key`"), "{error}");
    assert_eq!(keyless([1], &Opaque).try_run().unwrap(), [1]);
    let error = unwritten([1]).resume(file.as_ref()).run();
    let error = error[0].as_ref().unwrap_err().to_string();
    assert!(error.starts_with("`resume`"), "{error}");
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
        let run = run.recorded("plus one").resume(file.as_ref());
        let (results, report) = run.run_report();
        assert_eq!(*results[1].as_ref().unwrap(), 3);
        assert_eq!(report.resumed, resumed);
    }
    assert_eq!(runs.load(Relaxed), 2);
}
