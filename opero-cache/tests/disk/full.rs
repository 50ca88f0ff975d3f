//! A full disk: what is put is refused, what was put is read, and when there is room again all works again.

use std::path::Path;
use std::time::Duration;

use opero_core::{BackendError, block_on};

use crate::child::Process;
use crate::support::{Directory, SCHEMES, Store, close, eventually, get, key, open};

/// Needs a mount of its own, which `unshare` makes; where the system forbids that, this fails.
#[test]
fn on_a_full_disk_reading_goes_on_and_writing_comes_back() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        Process::start_on_small_disk("filler", scheme, directory.path()).end();
    }
}

#[test]
fn what_was_refused_changed_nothing() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        Process::start_on_small_disk("refused", scheme, directory.path()).end();
    }
}

/// Here writing fails at any moment, also inside of the engine.
#[test]
fn a_disk_that_is_full_now_and_then_loses_nothing_that_was_put() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        Process::start_on_small_disk("contender", scheme, directory.path()).end();
    }
}

/// In the process with the small disk.
pub(crate) fn is_refused(scheme: &str, path: &Path) {
    let put = |store: &Store, number, len| {
        let record = vec![len as u8; len];
        block_on(store.put(&key(number), record, None))
    };
    let store = open(scheme, path, "flush=1h");
    for number in 0..3 {
        put(&store, number, 1).unwrap();
    }
    close(&store);
    // What is in the database now is removed, written over, and left alone.
    block_on(store.remove(&key(0))).unwrap();
    put(&store, 1, 2).unwrap();
    let as_before = || {
        let found = [0, 1, 2].map(|number| get(&store, number).unwrap());
        assert_eq!(found, [None, Some(vec![2; 2]), Some(vec![1])], "{scheme}");
    };
    as_before();

    // Longer than the room that was seen.
    for number in 0..3 {
        put(&store, number, 60 << 20).unwrap_err();
        as_before();
    }
    // There is less by now than was seen: the journal itself fails.
    let hog = path.join("hog");
    let _ = std::fs::write(&hog, vec![1; 64 << 20]);
    for number in 0..3 {
        put(&store, number, 1 << 20).unwrap_err();
        as_before();
    }
    let removed = block_on(store.remove(&key(2)));
    assert_eq!(get(&store, 2).unwrap().is_none(), removed.is_ok());
    std::fs::remove_file(hog).unwrap();
    eventually("there is room again", || put(&store, 2, 1).is_ok());
    as_before();
}

/// In the process with the small disk, beside a process that takes all the room and gives it back.
pub(crate) fn contends_for_its_disk(scheme: &str, path: &Path) {
    let store = open(scheme, path, "flush=1ms");
    let mut kept = std::collections::BTreeSet::new();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            for round in 0..150 {
                let hog = path.join("hog");
                let _ = std::fs::write(&hog, vec![1; 64 << 20]);
                std::thread::sleep(Duration::from_millis(round % 20));
                std::fs::remove_file(hog).unwrap();
                std::thread::sleep(Duration::from_millis(round % 7));
            }
        });
        let mut number = 0;
        while !other.is_finished() {
            if put(&store, number % 500).is_ok() {
                kept.insert(number % 500);
            }
            number += 1;
            std::thread::sleep(Duration::from_micros(300));
        }
    });
    eventually("there is room again", || put(&store, 0).is_ok());
    for number in kept {
        assert_eq!(read(&store, number), Some(record(number)), "{scheme}");
    }
}

/// In the process with the small disk.
pub(crate) fn fills_its_disk(scheme: &str, path: &Path) {
    // Most of it, so that what waits to be written out at the end fits twice.
    let ballast = path.join("ballast");
    std::fs::write(&ballast, vec![1; 48 << 20]).unwrap();
    let store = open(scheme, path, "flush=5ms");

    // Near the end it refuses for moments, until what waits is written out; at the end for good.
    let (mut kept, mut refused, mut error) = (0, 0, String::new());
    while refused < 200 {
        match put(&store, kept) {
            Ok(()) => (kept, refused) = (kept + 1, 0),
            Err(refusal) => {
                (error, refused) = (refusal.to_string(), refused + 1);
                std::thread::sleep(Duration::from_millis(2));
            }
        }
    }
    assert!(
        error.contains("No space left") || error.contains("no room"),
        "{scheme}: {error}"
    );
    assert!(kept > 50, "{scheme}: only {kept} fit");
    // sled splits pages also where it only reads them: those of the last batch cannot be read until that can be written.
    let found = (0..kept).filter_map(|number| Some((number, get(&store, number).ok()?)));
    let found: Vec<_> = found.collect();
    assert!(found.len() as u64 > kept / 2, "{scheme}: reading stopped");
    for (number, found) in found {
        assert_eq!(found, Some(record(number)), "{scheme}");
    }

    std::fs::remove_file(ballast).unwrap();
    eventually("there is room again", || put(&store, kept).is_ok());
    for number in 0..=kept {
        assert_eq!(read(&store, number), Some(record(number)), "{scheme}");
    }
    close(&store);
    drop(store);
    let store = open(scheme, path, "");
    for number in 0..=kept {
        assert_eq!(read(&store, number), Some(record(number)), "{scheme}");
    }
}

/// Where the store is just being opened anew, one look may be refused.
fn read(store: &Store, number: u64) -> Option<Vec<u8>> {
    let mut last = get(store, number);
    for _ in 0..3_000 {
        if last.is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
        last = get(store, number);
    }
    last.unwrap()
}

fn put(store: &Store, number: u64) -> Result<(), BackendError> {
    block_on(store.put(&key(number), record(number), None))
}

fn record(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(512)
}
