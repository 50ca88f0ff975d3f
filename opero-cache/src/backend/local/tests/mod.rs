//! What a store on a disk promises when the disk does not do its part.

mod engine;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use opero_core::{Backend, BackendError, BackendUri, Key, block_on};

use self::engine::{Disk, Moody};
use super::LocalStore;
use crate::backend::ByteStore;
use crate::config::CacheOptions;

/// A directory, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("opero-moody-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn open(directory: &Path, capacity: u64) -> (LocalStore<Moody>, Arc<Disk>) {
    let uri = BackendUri::new(format!("moody://{}?flush=1h&sweep=1h", directory.display()));
    let options = CacheOptions::default().with_capacity(capacity);
    let store = LocalStore::new(&uri, &options).unwrap();
    (store, Disk::of(directory))
}

fn key(number: u64) -> Key {
    let spread = u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    Key::stable(spread ^ (spread >> 64))
}

fn put(store: &LocalStore<Moody>, number: u64, len: usize) -> Result<(), BackendError> {
    block_on(store.put(&key(number), vec![7; len], None))
}

fn get(store: &LocalStore<Moody>, number: u64) -> Option<Vec<u8>> {
    block_on(store.get(&key(number))).unwrap()
}

/// Waits for what happens in the background. The limit only keeps a failing test from hanging.
fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !happened() {
        assert!(Instant::now() < end, "it never happened: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn one_call_waits_for_a_disk_that_does_not_answer_and_no_other_does() {
    let directory = Directory::new();
    let (store, disk) = open(&directory.0, u64::MAX);
    disk.stick(true);
    let start = Instant::now();
    for number in 0..1_000 {
        let error = put(&store, number, 9).unwrap_err().to_string();
        assert!(error.contains("no answer within 1s"), "{error}");
    }
    // No more than a guard: if each had waited, it would have been a thousand seconds.
    assert!(start.elapsed() < Duration::from_secs(100));
    disk.stick(false);
    eventually("it answers again", || put(&store, 1, 9).is_ok());
    assert!(get(&store, 1).is_some());
}

#[test]
fn removals_while_the_disk_is_stuck_take_no_memory_without_end() {
    let directory = Directory::new();
    let (store, disk) = open(&directory.0, u64::MAX);
    put(&store, 0, 9).unwrap();
    disk.stick(true);
    // Nearly all the memory that may wait.
    for number in 1..8 {
        put(&store, number, 9 << 20).unwrap();
    }
    let removed = (0..).take_while(|number| {
        let gone = block_on(store.remove(&key(100 + number)));
        gone.is_ok()
    });
    assert!(
        removed.take(100_000).count() < 10_000,
        "they count for nothing"
    );
    // What was not removed is there.
    assert!(block_on(store.remove(&key(0))).is_err());
    assert!(get(&store, 0).is_some());
    disk.stick(false);
    eventually("there is room again", || {
        block_on(store.remove(&key(0))).is_ok()
    });
    assert!(get(&store, 0).is_none());
}

#[test]
fn closing_without_a_database_says_that_nothing_was_written_and_why() {
    let directory = Directory::new();
    let (store, disk) = open(&directory.0, u64::MAX);
    put(&store, 1, 9).unwrap();
    disk.damaged.store(true, Ordering::SeqCst);
    // A reader meets it, and the engine is given up while the record is in the write-ahead log.
    let _ = store.read(&key(2), &mut |_| {});
    eventually("it is given up", || block_on(store.ping()).is_err());
    let error = block_on(store.close()).unwrap_err().to_string();
    assert!(error.contains("it was to be"), "{error}");
    disk.damaged.store(false, Ordering::SeqCst);
    eventually("it opens again", || block_on(store.close()).is_ok());
    assert_eq!(get(&store, 1), Some(vec![7; 9]));
}

#[test]
fn evicting_many_costs_few_commits() {
    let directory = Directory::new();
    let (store, disk) = open(&directory.0, 1_000);
    for number in 0..20_000 {
        put(&store, number, 9).unwrap();
    }
    block_on(store.close()).unwrap();
    assert_eq!(store.entries(), 1_000);
    let commits = disk.commits.load(Ordering::SeqCst);
    assert!(commits < 40, "{commits} commits");
}
