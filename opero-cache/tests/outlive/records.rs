use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opero_cache::{Cache, CacheConfig};
use opero_core::{Attempt, Error, Stage, block_on, operation};
use serde::{Deserialize, Serialize};

use crate::store::{Store, Watched};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Report {
    title: String,
    scores: Vec<f64>,
}

fn report(title: &str) -> Report {
    Report {
        title: title.to_owned(),
        scores: vec![0.5, f64::MAX],
    }
}

/// A call of `function` with `argument`.
fn call(
    cache: &Cache,
    watched: &Watched,
    argument: &str,
    function: impl Fn() -> Result<Report, &'static str> + Sync,
) -> Result<Report, Error<&'static str>> {
    let function = &function;
    let operation = operation(move |_| async move { function() });
    block_on(cache.call(
        &watched.cx(),
        Attempt::FIRST,
        &operation.stable("report", argument),
    ))
}

#[test]
fn the_next_process_finds_what_the_last_one_kept() {
    let (store, watched) = (Store::default(), Watched::new());
    let runs = AtomicUsize::new(0);
    for expected in [
        &["cache_miss", "cache_stored"][..],
        &["cache_hit"],
        &["cache_hit"],
    ] {
        let cache = store.open(CacheConfig::default());
        let result = call(&cache, &watched, "a", || {
            runs.fetch_add(1, Ordering::SeqCst);
            Ok(report("a"))
        });
        assert_eq!(result.unwrap(), report("a"));
        assert_eq!(watched.told(), expected);
    }
    assert_eq!(runs.into_inner(), 1);
}

#[test]
fn an_argument_that_is_no_hash_is_a_key_and_an_error_is_not_kept() {
    let cache = Store::default().open(CacheConfig::default());
    let run = |x: f64| {
        cache.get_or_run_stable_sync(
            "double",
            &x,
            |_| if x > 0.0 { Ok(x * 2.0) } else { Err(()) },
        )
    };
    assert_eq!(run(1.5).unwrap(), 3.0);
    assert_eq!(run(1.5).unwrap(), 3.0);
    assert!(run(-1.0).is_err() && run(-1.0).is_err());
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.inserts), (1, 3, 1));
}

#[test]
fn functions_namespaces_and_types_do_not_share_records() {
    let store = Store::default();
    let configs = [
        CacheConfig::default().with_function("f"),
        CacheConfig::default().with_function("g"),
        CacheConfig::default()
            .with_namespace("other")
            .with_function("f"),
    ];
    fn number(_: Attempt) -> Result<u32, ()> {
        Ok(1)
    }
    fn text(_: Attempt) -> Result<String, ()> {
        Ok("1".into())
    }
    for config in &configs {
        let cache = store.open(config.clone());
        assert_eq!(
            cache.get_or_run_stable_sync("number", "a", number).unwrap(),
            1
        );
        assert_eq!(
            cache.get_or_run_stable_sync("text", "a", text).unwrap(),
            "1"
        );
        assert_eq!(cache.stats().hits, 0);
    }
    assert_eq!(store.len(), 6);
}

#[test]
fn closures_are_told_apart_by_their_names_and_no_value_is_read_as_another_type() {
    let cache = Store::default().open(CacheConfig::default());
    for (name, value) in [("one", 1), ("two", 2), ("one", 1), ("two", 2)] {
        let found = cache.get_or_run_stable_sync(name, "a", |_| Ok::<_, ()>(value));
        assert_eq!(found.unwrap(), value);
    }
    let shared = cache.get_or_run_stable_sync("one", "a", |_| Err::<i32, _>("not run"));
    assert_eq!(shared.unwrap(), 1);
    assert_eq!((cache.stats().misses, cache.stats().hits), (2, 3));

    let other = cache.get_or_run_stable_sync("one", "a", |_| Ok::<_, ()>("text".to_owned()));
    assert_eq!(other.unwrap(), "text");
}

#[test]
fn a_record_is_kept_for_its_time_to_live_and_what_it_may_serve_stale() {
    let (store, watched) = (Store::default(), Watched::new());
    let config = CacheConfig::default().with_ttl(Some(Duration::from_secs(10)));
    let cache = store.open(config.clone().with_stale(Some(Duration::from_secs(5))));
    call(&cache, &watched, "a", || Ok(report("a"))).unwrap();
    assert_eq!(
        *store.0.kept_for.lock().unwrap(),
        Some(Duration::from_secs(15))
    );

    let cache = store.open(config);
    watched.clock.advance(Duration::from_secs(9));
    assert!(call(&cache, &watched, "a", || Err("not run")).is_ok());
    watched.clock.advance(Duration::from_secs(1));
    assert!(call(&cache, &watched, "a", || Err("run")).is_err());

    let cache = store.open(CacheConfig::default().with_ttl(None));
    call(&cache, &watched, "a", || Ok(report("a"))).unwrap();
    assert_eq!(*store.0.kept_for.lock().unwrap(), None);
}

#[test]
fn a_record_that_was_to_live_longer_than_any_does_now_is_a_miss() {
    for (then, now, hit) in [
        (None, Some(60), false),
        (Some(600), Some(60), false),
        (Some(60), Some(600), true),
        // The clocks of two machines differ a little.
        (Some(62), Some(60), true),
        (Some(60), None, true),
        (None, None, true),
    ] {
        let (store, watched) = (Store::default(), Watched::new());
        let config =
            |ttl: Option<u64>| CacheConfig::default().with_ttl(ttl.map(Duration::from_secs));
        call(&store.open(config(then)), &watched, "a", || Ok(report("a"))).unwrap();
        let found = call(&store.open(config(now)), &watched, "a", || Err("not run"));
        assert_eq!(found.is_ok(), hit, "{then:?} {now:?}");
    }
}

#[test]
fn what_cannot_be_read_is_replaced_and_an_event_says_why() {
    let (store, watched) = (Store::default(), Watched::new());
    let cache = store.open(CacheConfig::default());
    call(&cache, &watched, "a", || Ok(report("a"))).unwrap();
    watched.told();
    let damages: [fn(&mut Vec<u8>); 4] = [
        |record| record.truncate(record.len() / 2),
        |record| record.clear(),
        |record| *record = b"another owner's".to_vec(),
        |record| *record.last_mut().unwrap() ^= 1,
    ];
    for damage in damages {
        for record in store.0.records.lock().unwrap().values_mut() {
            damage(record);
        }
        let result = call(&cache, &watched, "a", || Ok(report("b")));
        assert_eq!(result.unwrap(), report("b"));
        let told = watched.told();
        assert!(told[0].starts_with("cache_rejected: "), "{told:?}");
        assert_eq!(told[1..], ["cache_miss", "cache_stored"]);
        assert!(call(&cache, &watched, "a", || Err("not run")).is_ok());
        assert_eq!(watched.told(), ["cache_hit"]);
    }
}

#[test]
fn a_store_that_is_down_costs_events_and_no_call() {
    let (store, watched) = (Store::default(), Watched::new());
    let cache = store.open(CacheConfig::default());
    store.0.down.store(true, Ordering::SeqCst);
    assert!(call(&cache, &watched, "a", || Ok(report("a"))).is_ok());
    let told = watched.told();
    let expected = [
        "cache_unavailable: down",
        "cache_miss",
        "cache_unavailable: down",
    ];
    assert_eq!(told, expected);
    store.0.down.store(false, Ordering::SeqCst);
    assert!(call(&cache, &watched, "a", || Ok(report("a"))).is_ok());
    assert!(call(&cache, &watched, "a", || Err("not run")).is_ok());
}

#[test]
fn an_argument_that_rejects_to_become_bytes_passes_by() {
    struct Rejecting;
    impl Serialize for Rejecting {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("s3cret"))
        }
    }
    let (store, watched) = (Store::default(), Watched::new());
    let cache = store.open(CacheConfig::default());
    let operation = operation(|_| async { Ok::<_, ()>(1) }).stable("f", &Rejecting);
    let result = block_on(cache.call(&watched.cx(), Attempt::FIRST, &operation));
    assert_eq!(result.unwrap(), 1);
    let told = watched.told();
    assert!(
        told[0].starts_with("cache_rejected: the call has no key: "),
        "{told:?}"
    );
    assert!(!told[0].contains("s3cret"), "{told:?}");
    assert_eq!(store.len(), 0);
}

#[test]
fn a_call_that_nobody_can_make_bytes_of_is_rejected_with_the_way_out() {
    let cache = Store::default().open(CacheConfig::default());
    let hashed = operation(|_| async { Ok::<_, String>(1) }).keyed("a");
    let error = cache.execute_sync(&hashed).unwrap_err().to_string();
    assert!(
        error.contains("`cache_backend` is `shared`") && error.contains("derive"),
        "{error}"
    );
    // A bare closure has no arguments that anybody sees.
    assert_eq!(cache.run_sync(|_| Ok::<_, ()>(2)).unwrap(), 2);
}

#[test]
fn a_handle_works_on_records_too() {
    let (store, watched) = (Store::default(), Watched::new());
    let (cache, cx) = (store.open(CacheConfig::default()), watched.cx());
    let operation = operation(|_| async { Ok::<_, ()>(1_u8) }).stable("f", "a");
    assert_eq!(block_on(cache.get(&cx, &operation)), None);
    block_on(cache.insert(&cx, &operation, &7));
    assert_eq!(block_on(cache.get(&cx, &operation)), Some(7));
    let called = block_on(cache.call(&cx, Attempt::FIRST, &operation));
    assert_eq!(called.unwrap(), 7);
    let refreshed = block_on(cache.refreshing().call(&cx, Attempt::FIRST, &operation));
    assert_eq!(refreshed.unwrap(), 1);
    assert_eq!(block_on(cache.get(&cx, &operation)), Some(1));
    block_on(cache.remove(&cx, &operation)).unwrap();
    assert_eq!(block_on(cache.get(&cx, &operation)), None);
    block_on(cache.insert(&cx, &operation, &7));
    block_on(cache.clear()).unwrap();
    assert_eq!(store.len(), 0);
}
