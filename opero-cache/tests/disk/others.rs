//! One process at a time has a database open; the others are told so, and get on.

use std::time::{Duration, Instant};

use opero_core::block_on;

use crate::child::Process;
use crate::support::{Directory, SCHEMES, eventually, get, holds, key, open, put};

#[test]
fn a_second_process_gets_a_clear_error_and_comes_back_when_the_first_ends() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let mut holder = Process::start("holder", scheme, directory.path(), 7);
        holder.wait_for("open");
        let store = open(scheme, directory.path(), "");
        let error = put(&store, 1).unwrap_err().to_string();
        assert!(
            error.contains("in use by another process"),
            "{scheme}: {error}"
        );
        assert!(
            get(&store, 7).unwrap_err().to_string().contains("in use"),
            "{scheme}"
        );
        holder.end();
        eventually("the lock is free", || put(&store, 1).is_ok());
        assert!(holds(&store, 7) && holds(&store, 1), "{scheme}");
    }
}

#[test]
fn a_database_that_is_held_by_another_is_left_alone_for_a_while() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let mut holder = Process::start("holder", scheme, directory.path(), 7);
        holder.wait_for("open");
        let store = open(scheme, directory.path(), "");
        let start = Instant::now();
        let calls = (0..2_000).filter(|_| put(&store, 1).is_err()).count();
        assert_eq!(calls, 2_000);
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{scheme}: each call paid for finding out"
        );
        let error = put(&store, 1).unwrap_err().to_string();
        assert!(error.contains("left alone for"), "{scheme}: {error}");
    }
}

#[test]
fn killed_holders_leave_no_lock_behind() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let mut holder = Process::start("holder", scheme, directory.path(), 7);
        holder.wait_for("open");
        holder.kill();
        let store = open(scheme, directory.path(), "");
        assert!(holds(&store, 7), "{scheme}");
    }
}

#[test]
fn what_is_no_directory_is_an_error_that_names_it() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let file = directory.path().join("file");
        std::fs::write(&file, "mine").unwrap();
        // Not by its mode: for root there are no modes.
        for path in [file.clone(), file.join("below"), "/proc/opero".into()] {
            let store = open(scheme, &path, "");
            let error = put(&store, 1).unwrap_err().to_string();
            assert!(
                error.contains(&*path.to_string_lossy()),
                "{scheme}: {error}"
            );
            assert!(block_on(store.get(&key(1))).is_err());
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    }
}
