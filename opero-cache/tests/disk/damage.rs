//! Whatever happened to the files: the store opens or begins anew, nothing that was there is deleted, and nothing reads back
//! wrong through the stage.

use std::path::{Path, PathBuf};
use std::time::Duration;

use opero_cache::envelope;
use opero_core::{Codec, block_on};

use crate::child::Process;
use crate::support::{Directory, SCHEMES, Store, close, key, open};

const ENTRIES: u64 = 400;

/// Sealed as the stage does, which is who notices a flipped bit.
fn put(store: &Store, number: u64) {
    let mut record = Vec::new();
    let sealed = envelope::seal(&codec(), &key(number), &value(number), None);
    record.extend(sealed.unwrap());
    block_on(store.put(&key(number), record, None)).unwrap();
}

fn codec() -> Codec<Vec<u64>> {
    Codec::postcard()
}

fn value(number: u64) -> Vec<u64> {
    (0..30 + number % 50).map(|n| n * number).collect()
}

/// Reads all, and says how many were there; any number of misses and errors is right, and no wrong value.
fn intact(store: &Store) -> usize {
    let mut there = 0;
    for number in 0..ENTRIES {
        let Ok(Some(record)) = block_on(store.get(&key(number))) else {
            continue;
        };
        if let Ok(sealed) = envelope::open(&codec(), &key(number), &record)
            && let Ok(found) = sealed.value()
        {
            assert_eq!(found, value(number), "it reads back wrong");
            there += 1;
        }
    }
    there
}

/// A database with entries in the engine and in a journal, as a killed process leaves it.
fn left_behind(scheme: &str) -> Directory {
    let directory = Directory::new();
    let path = directory.path();
    let store = open(scheme, path, "flush=1h");
    (0..ENTRIES / 2).for_each(|number| put(&store, number));
    close(&store);
    (ENTRIES / 2..ENTRIES).for_each(|number| put(&store, number));
    let copy = Directory::new();
    copy_all(path, copy.path());
    copy
}

pub(crate) fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn victim(directory: &Directory) -> PathBuf {
    let mut files = directory.files();
    files.retain(|path| path.is_file() && path.metadata().unwrap().len() > 0);
    files.swap_remove(fastrand::usize(..files.len()))
}

/// Opens what was damaged, reads it, and writes to it, as often as it takes to be put aside.
fn survives(scheme: &str, directory: &Directory, how: &str) {
    let store = open(scheme, directory.path(), "flush=1ms");
    intact(&store);
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while block_on(store.put(&key(7_777), vec![1; 50], None)).is_err() {
        assert!(
            std::time::Instant::now() < end,
            "{scheme}: it never recovers from {how}"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = block_on(store.close());
    intact(&store);
    drop(store);
    let store = open(scheme, directory.path(), "");
    intact(&store);
}

#[test]
fn an_intact_copy_has_all() {
    for scheme in SCHEMES {
        let directory = left_behind(scheme);
        let store = open(scheme, directory.path(), "");
        assert_eq!(intact(&store), ENTRIES as usize, "{scheme}");
    }
}

#[test]
fn flipped_bits_and_short_files_read_back_as_misses() {
    for scheme in SCHEMES {
        let original = left_behind(scheme);
        for round in 0..40 {
            let directory = Directory::new();
            copy_all(original.path(), directory.path());
            let victim = victim(&directory);
            let mut bytes = std::fs::read(&victim).unwrap();
            let how = if round % 3 == 0 {
                bytes.truncate(fastrand::usize(..bytes.len()));
                format!("{} cut to {}", victim.display(), bytes.len())
            } else {
                let used = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0) + 1;
                let flips = 1 << (round % 7);
                for _ in 0..flips {
                    bytes[fastrand::usize(..used)] ^= 1 << fastrand::u8(..8);
                }
                format!("{flips} flipped bits in {}", victim.display())
            };
            std::fs::write(&victim, bytes).unwrap();
            survives(scheme, &directory, &how);
        }
    }
}

#[test]
fn what_is_no_database_is_put_aside_and_said_so() {
    for (scheme, name) in [("disk", "cache.sled/db"), ("redb", "cache.redb")] {
        let directory = left_behind(scheme);
        let file = directory.path().join(name);
        let len = std::fs::metadata(&file).unwrap().len() as usize;
        std::fs::write(&file, vec![0x5A; len]).unwrap();
        let store = open(scheme, directory.path(), "");
        let mut told = Vec::new();
        crate::support::eventually("a new one", || {
            let answer = block_on(store.ping());
            told.extend(answer.as_ref().err().map(ToString::to_string));
            answer.is_ok()
        });
        let said = told.iter().any(|error| error.contains(".damaged-1"));
        assert!(said, "{scheme}: {told:?}");
        let aside = directory
            .path()
            .join(name.replace(scheme_name(scheme), &aside_name(scheme)));
        assert_eq!(
            std::fs::metadata(aside).unwrap().len() as usize,
            len,
            "{scheme}"
        );
        // The journal was not a part of it.
        assert_eq!(intact(&store), ENTRIES as usize / 2, "{scheme}");
    }
}

/// What a program meets in one run, the next one need not meet again.
#[test]
fn programs_that_end_at_once_get_a_damaged_database_back() {
    for (scheme, name) in [("disk", "cache.sled/db"), ("redb", "cache.redb")] {
        for garbage in [0, 1, 100, 70_000] {
            let directory = left_behind(scheme);
            let path = directory.path();
            std::fs::write(path.join(name), vec![0x5A; garbage]).unwrap();
            let missed = || {
                Process::start("short", scheme, path, 0)
                    .heard("missed")
                    .len()
            };
            // Told in the first run, begun anew in the second at the latest.
            let runs = [missed(), missed(), missed()];
            assert_eq!(runs[2], 0, "{scheme}, {garbage} bytes: {runs:?}");
        }
    }
}

/// Damage that only a reader or a writer meets, in any page.
#[test]
fn programs_that_end_at_once_get_a_database_with_damaged_pages_back() {
    for scheme in SCHEMES {
        let original = left_behind(scheme);
        for round in 0..10 {
            let directory = Directory::new();
            copy_all(original.path(), directory.path());
            let victim = victim(&directory);
            let mut bytes = std::fs::read(&victim).unwrap();
            let len = bytes.len();
            bytes[len / 10 * round..(len / 10 * (round + 1)).min(len)].fill(0x5A);
            std::fs::write(&victim, bytes).unwrap();
            let missed = || {
                let mut short = Process::start("short", scheme, directory.path(), 0);
                short.heard("missed").len()
            };
            let runs: Vec<_> = (0..5).map(|_| missed()).collect();
            assert_eq!(runs[4], 0, "{scheme}, {}: {runs:?}", victim.display());
        }
    }
}

/// Links at the names of files that opero makes beside a database: what they lead to is the user's.
#[test]
fn nothing_is_written_through_links() {
    for (scheme, name) in [("disk", "cache.sled"), ("redb", "cache.redb")] {
        let elsewhere = Directory::new();
        let (there, nowhere) = (
            elsewhere.path().join("there"),
            elsewhere.path().join("nowhere"),
        );
        std::fs::write(&there, "the user's").unwrap();
        let directory = left_behind(scheme);
        let path = directory.path();
        let draft = format!("{name}.draft-{}", std::process::id());
        let link = |name: &str, to: &Path| std::os::unix::fs::symlink(to, path.join(name)).unwrap();
        link(&draft, elsewhere.path());
        link("room.probe", &there);
        link(&format!("{name}.damaged-1"), &nowhere);
        // The file of sled is in a directory.
        let within = if scheme == "disk" { "/db" } else { "" };
        let database = |name: &str| path.join(format!("{name}{within}"));
        let len = std::fs::metadata(database(name)).unwrap().len();
        std::fs::write(database(name), vec![0x5A; len as usize]).unwrap();
        let store = open(scheme, path, "");
        crate::support::eventually("a new one", || block_on(store.ping()).is_ok());
        (0..10).for_each(|number| put(&store, number));
        close(&store);
        assert_eq!(std::fs::read(&there).unwrap(), b"the user's");
        assert_eq!(elsewhere.files(), [there], "{scheme}");
        let aside = database(&format!("{name}.damaged-2"));
        assert_eq!(std::fs::metadata(aside).unwrap().len(), len, "{scheme}");
        let first = path.join(format!("{name}.damaged-1"));
        assert!(first.is_symlink(), "{scheme}: the link is replaced");
    }
}

fn scheme_name(scheme: &str) -> &str {
    if scheme == "disk" {
        "cache.sled"
    } else {
        "cache.redb"
    }
}

fn aside_name(scheme: &str) -> String {
    format!("{}.damaged-1", scheme_name(scheme))
}
