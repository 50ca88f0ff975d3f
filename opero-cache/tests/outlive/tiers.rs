use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use opero_cache::{Cache, CacheConfig, register_store};
use opero_core::{Attempt, Error, Stage, block_on, operation};

use crate::store::{Store, Watched};

register_store!("far", |uri, _| Ok(Arc::new(far(uri.rest()))));
register_store!("middle", |uri, _| Ok(Arc::new(far(uri.rest()))));

/// The stores that tests open by name, as servers are.
fn far(name: &str) -> Store {
    static STORES: std::sync::Mutex<Vec<(String, Store)>> = std::sync::Mutex::new(Vec::new());
    let mut stores = STORES.lock().unwrap();
    if let Some((_, store)) = stores.iter().find(|(known, _)| known == name) {
        return store.clone();
    }
    stores.push((name.to_owned(), Store::default()));
    stores[stores.len() - 1].1.clone()
}

const TTL: Duration = Duration::from_secs(100);

fn open(location: &str) -> Cache {
    let config = CacheConfig::default().with_ttl(Some(TTL));
    Cache::open(&location.into(), config).unwrap()
}

fn call(cache: &Cache, watched: &Watched, run: fn() -> Result<u64, ()>) -> Result<u64, Error<()>> {
    let operation = operation(move |_| async move { run() });
    block_on(cache.call(&watched.cx(), Attempt::FIRST, &operation.stable("f", "a")))
}

#[test]
fn writes_go_to_both_and_reads_fill_the_nearer_one() {
    for (near, store) in [("memory", "one"), ("quick", "two")] {
        let (location, far) = (format!("{near}+far://{store}"), far(store));
        let watched = Watched::new();
        let first = open(&location);
        assert_eq!(call(&first, &watched, || Ok(1)).unwrap(), 1);
        assert_eq!(watched.told(), ["cache_miss", "cache_stored"]);
        assert_eq!(far.len(), 1);
        let asked = far.0.gets.load(Ordering::SeqCst);
        assert_eq!(call(&first, &watched, || Err(())).unwrap(), 1);
        assert_eq!(far.0.gets.load(Ordering::SeqCst), asked, "L1 had it");

        let second = open(&location);
        for _ in 0..3 {
            assert_eq!(call(&second, &watched, || Err(())).unwrap(), 1);
        }
        assert_eq!(
            far.0.gets.load(Ordering::SeqCst),
            asked + 1,
            "asked once, then filled"
        );
        assert_eq!(second.stats().hits, 3);
        assert_eq!(second.scheme(), "shared");
    }
}

#[test]
fn the_nearer_one_serves_only_for_a_while_and_never_longer_than_the_farther_one() {
    let (watched, far) = (Watched::new(), far("three"));
    let cache = open("memory+far://three?l1_ttl=10s");
    call(&cache, &watched, || Ok(1)).unwrap();
    // Another process replaces the record.
    let other = open("far://three");
    block_on(other.clear()).unwrap();
    assert_eq!(far.len(), 0);
    watched.clock.advance(Duration::from_secs(9));
    assert_eq!(
        call(&cache, &watched, || Ok(2)).unwrap(),
        1,
        "may miss the change so long"
    );
    watched.clock.advance(Duration::from_secs(1));
    assert_eq!(call(&cache, &watched, || Ok(2)).unwrap(), 2);

    // Filled late in the record's life, the entry in L1 ends with it.
    let late = open("memory+far://three?l1_ttl=10s");
    watched.clock.advance(TTL - Duration::from_secs(3));
    assert_eq!(call(&late, &watched, || Ok(3)).unwrap(), 2);
    watched.clock.advance(Duration::from_secs(3));
    assert_eq!(call(&late, &watched, || Ok(3)).unwrap(), 3);
}

#[test]
fn with_the_farther_one_down_the_nearer_one_goes_on() {
    let (watched, far) = (Watched::new(), far("four"));
    let cache = open("memory+far://four");
    far.0.down.store(true, Ordering::SeqCst);
    assert_eq!(call(&cache, &watched, || Ok(1)).unwrap(), 1);
    let told = watched.told();
    assert!(
        told.contains(&"cache_unavailable: down".to_owned()),
        "{told:?}"
    );
    assert_eq!(call(&cache, &watched, || Err(())).unwrap(), 1);
    assert_eq!(watched.told(), ["cache_hit"]);
}

#[test]
fn what_is_dropped_is_dropped_in_both() {
    let (watched, far) = (Watched::new(), far("five"));
    let cache = open("memory+far://five");
    let operation = operation(|_| async { Ok::<_, ()>(1) }).stable("f", "a");
    for drop_it in [0, 1] {
        cache.execute_sync(&operation).unwrap();
        assert_eq!(far.len(), 1);
        match drop_it {
            0 => block_on(cache.remove(&watched.cx(), &operation)).unwrap(),
            _ => block_on(cache.clear()).unwrap(),
        }
        assert_eq!(far.len(), 0);
        assert_eq!(block_on(cache.get(&watched.cx(), &operation)), None);
    }
}

#[test]
fn any_two_make_a_cache() {
    let watched = Watched::new();
    for location in ["memory+quick", "middle://x+far://y", "far://z+memory"] {
        let cache = open(location);
        assert_eq!(call(&cache, &watched, || Ok(1)).unwrap(), 1, "{location}");
        assert_eq!(call(&cache, &watched, || Err(())).unwrap(), 1, "{location}");
    }
}

#[test]
fn a_setting_that_is_none_is_rejected() {
    let error = |text: &str| {
        let opened = Cache::open(&text.into(), CacheConfig::default());
        opened.unwrap_err().to_string()
    };
    assert!(error("memory+far://six?l1_ttl=soon").contains("`l1_ttl` whose value cannot be read"));
    #[cfg(not(feature = "redis"))]
    assert!(error("memory+rediss://h").contains("names the unknown backend `rediss`"));
}
