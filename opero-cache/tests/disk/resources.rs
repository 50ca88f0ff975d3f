//! Only damage is damage: where threads, memory or files are short, calls get errors and the files stay as they are.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use opero_core::block_on;

use crate::child::Process;
use crate::damage::copy_all;
use crate::support::{Directory, SCHEMES, close, get, holds, open, put};

const ENTRIES: u64 = 300;

fn filled(scheme: &str) -> Directory {
    let directory = Directory::new();
    let store = open(scheme, directory.path(), "");
    (0..ENTRIES).for_each(|number| put(&store, number).unwrap());
    close(&store);
    directory
}

fn assert_healthy(scheme: &str, directory: &Directory, after: &str) {
    let aside = |path: &PathBuf| path.display().to_string().contains("damaged");
    let aside: Vec<_> = directory.files().into_iter().filter(aside).collect();
    assert!(aside.is_empty(), "{scheme} {after}: {aside:?}");
    let store = open(scheme, directory.path(), "");
    for number in 0..ENTRIES {
        assert!(holds(&store, number), "{scheme} {after}: {number} is gone");
    }
    close(&store);
}

#[test]
fn any_memory_for_pages_will_do() {
    for scheme in SCHEMES {
        let directory = filled(scheme);
        for bytes in [0, 1, 255, 256, u64::MAX] {
            let settings = format!("memory={bytes}");
            let store = open(scheme, directory.path(), &settings);
            for number in 0..ENTRIES {
                assert!(holds(&store, number), "{scheme}?{settings}");
            }
            put(&store, 1).unwrap();
            close(&store);
        }
        assert_healthy(scheme, &directory, "with little memory");
    }
}

#[test]
fn a_process_that_lacks_memory_leaves_the_database_alone() {
    for scheme in SCHEMES {
        let directory = filled(scheme);
        // From where the process hardly starts to where it lacks nothing.
        for megabytes in (40..400).step_by(45) {
            let limit = format!("--as={}", megabytes << 20_u64);
            Process::start_limited(&limit, "poor", scheme, directory.path()).ends_anyhow();
        }
        assert_healthy(scheme, &directory, "without memory");
    }
}

#[test]
fn a_process_that_lacks_files_leaves_the_database_alone() {
    for scheme in SCHEMES {
        let directory = filled(scheme);
        for files in [3, 5, 7, 9, 12, 15] {
            let limit = format!("--nofile={files}");
            Process::start_limited(&limit, "poor", scheme, directory.path()).ends_anyhow();
        }
        assert_healthy(scheme, &directory, "without files");
    }
}

/// A limit of threads is none for root, who becomes another user for this.
#[test]
fn a_process_that_lacks_threads_leaves_the_database_alone() {
    const OTHER: u32 = 61_234;
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    for scheme in SCHEMES {
        let original = filled(scheme);
        let directory = Directory::new();
        copy_all(original.path(), directory.path());
        if is_root {
            for path in directory.files().iter().map(PathBuf::as_path) {
                chown(path, Some(OTHER), Some(OTHER)).unwrap();
            }
            chown(directory.path(), Some(OTHER), Some(OTHER)).unwrap();
        }
        for threads in [1, 2, 3, 4, 6, 8, 10] {
            let limit = format!("--nproc={threads}");
            let user = is_root.then_some(OTHER);
            let limited = Process::start_limited_as(user, &limit, "poor", scheme, directory.path());
            limited.ends_anyhow();
        }
        assert_healthy(scheme, &directory, "without threads");
    }
}

/// In a process that lacks something: any answer is right.
pub(crate) fn asks_in_vain(scheme: &str, path: &Path) {
    let store = open(scheme, path, "");
    for number in 0..20 {
        let _ = block_on(store.ping());
        let _ = get(&store, number);
        let _ = put(&store, ENTRIES + number);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
