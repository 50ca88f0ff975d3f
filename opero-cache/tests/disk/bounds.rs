//! What is kept is bounded: in time, in entries, in bytes.

use std::time::Duration;

use opero_core::block_on;

use crate::support::{
    Directory, SCHEMES, close, eventually, get, holds, key, open, open_for, put, record,
};

#[test]
fn what_has_expired_is_swept_away_and_nothing_else() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "flush=1ms&sweep=1ms");
        for number in 0..2_000 {
            let keep = (number % 2 == 0).then_some(Duration::from_millis(1));
            block_on(store.put(&key(number), record(number), keep)).unwrap();
        }
        block_on(store.put(&key(9_999), record(9_999), Some(Duration::from_secs(3_600)))).unwrap();
        eventually("the sweep", || store.entries() == 1_001);
        assert!(
            (0..2_000).all(|number| holds(&store, number) == (number % 2 == 1)),
            "{scheme}"
        );
        assert!(holds(&store, 9_999));
        assert_eq!(store.evictions(), 0, "to expire is not to be evicted");
    }
}

#[test]
fn what_expired_while_nothing_ran_is_swept_by_the_next_process() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "flush=1h&sweep=1h");
        for number in 0..100 {
            block_on(store.put(&key(number), record(number), Some(Duration::ZERO))).unwrap();
        }
        drop(store);
        // Another function's store: the sweep is the database's.
        let other = open_for("other", 10, scheme, directory.path(), "sweep=1ms");
        put(&other, 1).unwrap();
        let store = open(scheme, directory.path(), "");
        eventually("the sweep", || {
            get(&store, 1).unwrap().is_none() && store.entries() == 0
        });
    }
}

#[test]
fn each_function_keeps_its_capacity_at_most_and_what_expires_soonest_goes_first() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open_for("small", 1_000, scheme, directory.path(), "flush=1h");
        let other = open_for("large", 100_000, scheme, directory.path(), "flush=1h");
        for number in 0..1_500 {
            // The first 500 expire long before the others.
            let keep = Duration::from_secs(if number < 500 { 1_000 } else { 1_000_000 });
            block_on(store.put(&key(number), record(number), Some(keep))).unwrap();
            put(&other, number).unwrap();
        }
        close(&store);
        let kept = (0..1_500).filter(|number| holds(&store, *number)).count();
        let late = (500..1_500).filter(|number| holds(&store, *number)).count();
        assert_eq!(
            (kept, store.entries(), store.evictions()),
            (1_000, 1_000, 500),
            "{scheme}"
        );
        // Chance picks who is compared, so it is not exact.
        assert!(late > 850, "{scheme}: of those to stay, {late} did");
        assert_eq!((other.entries(), other.evictions()), (1_500, 0), "{scheme}");
    }
}

#[test]
fn a_capacity_holds_for_what_an_earlier_process_kept() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open_for("f", 1_000, scheme, directory.path(), "");
        (0..500).for_each(|number| put(&store, number).unwrap());
        drop(store);
        let store = open_for("f", 10, scheme, directory.path(), "");
        put(&store, 500).unwrap();
        close(&store);
        assert_eq!(
            (0..=500).filter(|number| holds(&store, *number)).count(),
            10,
            "{scheme}"
        );
    }
}

#[test]
fn all_functions_together_keep_max_bytes_at_most() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let stores = ["f", "g"].map(|f| {
            open_for(
                f,
                u64::MAX,
                scheme,
                directory.path(),
                "max_bytes=100kB&flush=1h",
            )
        });
        for number in 0..1_000 {
            for store in &stores {
                put(store, number).unwrap();
            }
        }
        close(&stores[0]);
        let kept: usize = stores.iter().map(|store| bytes(store, 1_000)).sum();
        assert!((80_000..=100_000).contains(&kept), "{scheme}: {kept} bytes");
        let evicted: u64 = stores.iter().map(|store| store.evictions()).sum();
        let entries: u64 = stores.iter().map(|store| store.entries()).sum();
        assert_eq!(evicted + entries, 2_000, "{scheme}");
    }
}

/// Bytes of the records that are there, with their keys.
fn bytes(store: &crate::support::Store, numbers: u64) -> usize {
    let there = (0..numbers).filter(|number| holds(store, *number));
    there.map(|number| record(number).len() + 32).sum()
}

#[test]
fn a_bound_of_nothing_keeps_nothing() {
    for scheme in SCHEMES {
        let directory = Directory::new();
        let store = open(scheme, directory.path(), "max_bytes=0");
        (0..100).for_each(|number| put(&store, number).unwrap());
        close(&store);
        assert!((0..100).all(|number| !holds(&store, number)), "{scheme}");
        assert_eq!(store.entries(), 0);
    }
}
