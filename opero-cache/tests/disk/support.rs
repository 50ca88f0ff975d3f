//! Directories, stores and records for the tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use opero_cache::backend::{DiskCache, RedbCache};
use opero_cache::{ByteStore, CacheOptions, Spot};
use opero_core::{BackendError, BackendUri, Key, block_on};

/// Each promise is held by both.
pub(crate) const SCHEMES: [&str; 2] = ["disk", "redb"];

/// A directory of a test, removed at its end.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    pub(crate) fn within(parent: &Path) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("opero-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The names in it, and in the directories in it.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.0.clone()];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path.clone());
                }
                found.push(path);
            }
        }
        found.sort();
        found
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

pub(crate) type Store = Arc<dyn ByteStore>;

pub(crate) fn open(scheme: &str, path: &Path, settings: &str) -> Store {
    open_for("f", u64::MAX, scheme, path, settings)
}

pub(crate) fn open_for(
    function: &str,
    capacity: u64,
    scheme: &str,
    path: &Path,
    settings: &str,
) -> Store {
    let options = CacheOptions::default()
        .with_function(function)
        .with_capacity(capacity);
    open_with(&options, scheme, path, settings)
}

pub(crate) fn open_with(
    options: &CacheOptions,
    scheme: &str,
    path: &Path,
    settings: &str,
) -> Store {
    let uri = BackendUri::new(format!("{scheme}://{}?{settings}", path.display()));
    match scheme {
        "disk" => DiskCache::open(&uri, options).unwrap(),
        _ => RedbCache::open(&uri, options).unwrap(),
    }
}

pub(crate) fn key(number: u64) -> Key {
    // As spread out as real keys are.
    let spread = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Key::stable(spread ^ (spread >> 64))
}

/// A record that its number determines, so that a reader can check it.
pub(crate) fn record(number: u64) -> Vec<u8> {
    let len = 20 + (number.wrapping_mul(2_654_435_761) % 300) as usize;
    let mut record = number.to_le_bytes().to_vec();
    let mut state = number;
    while record.len() < len {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        record.push((state >> 56) as u8);
    }
    record
}

pub(crate) fn put(store: &Store, number: u64) -> Result<(), BackendError> {
    block_on(store.put(&key(number), record(number), None))
}

/// The record of a number. Read in place where that is possible, as the stage does.
pub(crate) fn get(store: &Store, number: u64) -> Result<Option<Vec<u8>>, BackendError> {
    let mut seen = None;
    match store.read(&key(number), &mut |bytes| seen = Some(bytes.to_vec()))? {
        Spot::Found | Spot::Missing => Ok(seen),
        Spot::NeedsAsync => block_on(store.get(&key(number))),
    }
}

/// Is it there, and right?
pub(crate) fn holds(store: &Store, number: u64) -> bool {
    let found = get(store, number).unwrap();
    assert!(
        found.is_none() || found == Some(record(number)),
        "record {number} reads back wrong"
    );
    found.is_some()
}

pub(crate) fn close(store: &Store) {
    block_on(store.close()).unwrap();
}

/// Waits for what happens in the background. The limit only keeps a failing test from hanging.
pub(crate) fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !happened() {
        assert!(Instant::now() < end, "it never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
