//! Directories and runs for the tests.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use opero_map::{IterSource, Job, Run, map};

/// A directory of a test, removed at its end.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("opero-journal-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("run.journal")
    }

    /// The names of the files in it, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What a failed test leaves is evidence.
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}

pub(crate) type Numbers = IterSource<std::vec::IntoIter<u64>>;

/// Doubles even numbers and fails for odd ones, recorded at `path`. It counts its executions.
pub(crate) fn halve<'f>(
    items: impl IntoIterator<Item = u64>,
    calls: &'f AtomicUsize,
    path: &Path,
) -> Run<Numbers, impl Job<u64, Output = u64, Error = String> + 'f> {
    let function = |number: u64| {
        calls.fetch_add(1, Ordering::Relaxed);
        if number.is_multiple_of(2) {
            Ok(number / 2)
        } else {
            Err(format!("{number} is odd"))
        }
    };
    let items: Vec<u64> = items.into_iter().collect();
    map(items, function)
        .resumable("halve")
        .resume(path)
        .progress(false)
}

/// Runs it, and says how often the function was called for it.
pub(crate) fn halved(
    items: impl IntoIterator<Item = u64>,
    path: &Path,
) -> (Vec<Result<u64, String>>, usize, opero_map::Report) {
    let calls = AtomicUsize::new(0);
    let (results, report) = halve(items, &calls, path).run_report();
    (plain(results), calls.into_inner(), report)
}

/// Results whose errors are their texts.
pub(crate) fn plain<T, E: std::fmt::Display>(
    results: Vec<Result<T, opero_map::Error<E>>>,
) -> Vec<Result<T, String>> {
    let text = |error: opero_map::Error<E>| error.to_string();
    results
        .into_iter()
        .map(|result| result.map_err(text))
        .collect()
}

/// What [`halved`] gives.
pub(crate) fn expected(items: impl IntoIterator<Item = u64>) -> Vec<Result<u64, String>> {
    let half = |number: u64| match number % 2 {
        0 => Ok(number / 2),
        _ => Err(format!("{number} is odd")),
    };
    items.into_iter().map(half).collect()
}
