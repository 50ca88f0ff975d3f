//! What is put is kept: over the end of the store, for its function alone, and until it is removed.

use std::time::Duration;

use opero_cache::{CacheOptions, Spot};
use opero_core::{BackendUri, block_on};

use crate::support::{
    Directory, SCHEMES, close, get, holds, key, open, open_for, open_with, put, record,
};

#[test]
fn a_record_outlives_its_store() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "");
        for number in 0..500 {
            put(&store, number).unwrap();
            assert!(holds(&store, number), "{scheme}: at once");
        }
        drop(store);
        let store = open(scheme, directory.path(), "");
        assert!((0..500).all(|number| holds(&store, number)), "{scheme}");
        assert!(!holds(&store, 500));
        assert_eq!(store.entries(), 500, "{scheme}");
    }
}

#[test]
fn close_writes_out_and_lets_go_and_the_store_opens_again_when_it_is_used() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "flush=1h");
        put(&store, 1).unwrap();
        close(&store);
        let journals = directory
            .files()
            .iter()
            .filter(|path| is_journal(path))
            .count();
        assert_eq!(journals, 0, "{scheme}");
        assert!(holds(&store, 1), "{scheme}");
    }
}

#[test]
fn a_journal_that_could_not_be_removed_brings_nothing_back() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "flush=1h");
        put(&store, 1).unwrap();
        let mut journals = directory.files();
        journals.retain(|path| is_journal(path));
        let journal = journals.swap_remove(0);
        let content = std::fs::read(&journal).unwrap();
        close(&store);
        block_on(store.remove(&key(1))).unwrap();
        drop(store);
        // As if its removal had failed, or a power cut had undone it.
        std::fs::write(&journal, content).unwrap();
        let store = open(scheme, directory.path(), "");
        assert!(!holds(&store, 1), "{scheme}");
        put(&store, 2).unwrap();
        drop(store);
        let store = open(scheme, directory.path(), "");
        assert!(holds(&store, 2) && !holds(&store, 1), "{scheme}");
    }
}

fn is_journal(path: &std::path::Path) -> bool {
    path.to_string_lossy().contains(".journal-")
}

#[test]
fn the_last_record_put_is_the_one_that_is_read() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "flush=1ms");
        for round in 0..200_u8 {
            block_on(store.put(&key(1), vec![round; 9], None)).unwrap();
            assert_eq!(get(&store, 1).unwrap(), Some(vec![round; 9]));
            if round % 7 == 0 {
                block_on(store.remove(&key(1))).unwrap();
                assert_eq!(get(&store, 1).unwrap(), None);
            }
        }
        drop(store);
        let store = open(scheme, directory.path(), "");
        assert_eq!(get(&store, 1).unwrap(), Some(vec![199; 9]), "{scheme}");
        assert_eq!(store.entries(), 1);
    }
}

#[test]
fn what_is_removed_or_cleared_stays_so() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        for flush in ["flush=1h", "flush=1ms"] {
            let store = open(scheme, directory.path(), flush);
            for number in 0..10 {
                put(&store, number).unwrap();
            }
            block_on(store.clear()).unwrap();
            put(&store, 3).unwrap();
            put(&store, 4).unwrap();
            block_on(store.remove(&key(4))).unwrap();
            drop(store);
            let store = open(scheme, directory.path(), flush);
            let kept: Vec<_> = (0..10).filter(|number| holds(&store, *number)).collect();
            assert_eq!(kept, [3], "{scheme}, {flush}");
            assert_eq!(store.entries(), 1, "{scheme}, {flush}");
        }
    }
}

#[test]
fn functions_share_a_database_and_no_record() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let of = |namespace: &str, function: &str| {
            let options = CacheOptions::default()
                .with_namespace(namespace)
                .with_function(function);
            open_with(&options, scheme, directory.path(), "")
        };
        let stores = [of("a", "f"), of("a", "g"), of("b", "f")];
        for store in &stores {
            put(store, 1).unwrap();
        }
        block_on(stores[0].clear()).unwrap();
        let there = || [0, 1, 2].map(|n| holds(&stores[n], 1));
        assert_eq!(there(), [false, true, true], "{scheme}");
        close(&stores[1]);
        assert_eq!(there(), [false, true, true], "{scheme}");
        block_on(stores[0].clear_namespace()).unwrap();
        assert_eq!(there(), [false, false, true], "{scheme}");
    }
}

#[test]
fn a_namespace_is_cleared_of_functions_that_this_process_never_called() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open_for("old", u64::MAX, scheme, directory.path(), "");
        put(&store, 1).unwrap();
        drop(store);
        let store = open_for("new", u64::MAX, scheme, directory.path(), "");
        block_on(store.clear_namespace()).unwrap();
        drop(store);
        let store = open_for("old", u64::MAX, scheme, directory.path(), "");
        assert!(!holds(&store, 1), "{scheme}");
    }
}

#[test]
fn nothing_on_the_disk_is_touched_before_the_first_use() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let path = directory.path().join("not-yet");
        let store = open(scheme, &path, "");
        assert!(matches!(
            store.read(&key(1), &mut |_| {}),
            Ok(Spot::NeedsAsync)
        ));
        assert!(!path.exists(), "{scheme}");
        put(&store, 1).unwrap();
        assert!(path.exists(), "{scheme}");
    }
}

#[test]
fn a_record_may_be_empty_or_large() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "");
        for (number, len) in [(1, 0), (2, 1), (3, 5 << 20)] {
            block_on(store.put(&key(number), vec![7; len], Some(Duration::MAX))).unwrap();
        }
        close(&store);
        for (number, len) in [(1, 0), (2, 1), (3, 5 << 20)] {
            assert_eq!(get(&store, number).unwrap(), Some(vec![7; len]), "{scheme}");
        }
    }
}

#[cfg(unix)]
#[test]
fn what_is_on_the_disk_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;

    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    for scheme in SCHEMES {
        let directory = Directory::new();
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let path = directory.path().join("app/cache");
        let store = open(scheme, &path, "flush=1h");
        put(&store, 1).unwrap();
        assert_eq!(
            (mode(&path), mode(path.parent().unwrap())),
            (0o700, 0o700),
            "{scheme}"
        );
        assert_eq!(
            mode(directory.path()),
            0o755,
            "one that was there is left as it is"
        );
        for entry in std::fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path) & 0o077, 0, "{scheme}: {}", path.display());
        }
    }
}

#[test]
fn many_threads_read_and_write_at_once() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "flush=2ms");
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let store = &store;
                scope.spawn(move || {
                    for number in 0..1_000 {
                        put(store, thread * 1_000 + number).unwrap();
                        assert!(holds(store, thread * 1_000 + number / 2));
                    }
                });
            }
        });
        close(&store);
        assert!((0..4_000).all(|number| holds(&store, number)), "{scheme}");
        assert_eq!(store.entries(), 4_000, "{scheme}");
    }
}

#[test]
fn errors_and_debug_show_no_record() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "");
        block_on(store.put(&key(1), b"s3cret".to_vec(), None)).unwrap();
        assert!(!format!("{store:?}").contains("s3cret"));
    }
    let secret = BackendUri::new("disk://user:s3cret@host");
    let error = opero_cache::backend::DiskCache::open(&secret, &CacheOptions::default());
    assert!(!error.unwrap_err().to_string().contains("s3cret"));
    assert_eq!(record(1), record(1));
}
