use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use opero_cache::{Cache, CacheConfig};
use opero_core::{
    Arguments, Attempt, CallPolicy, Codec, CodecError, Context, Error, KeyBytes, Operation, Stage,
    operation,
};
use tokio::sync::Semaphore;

use crate::store::Store;

/// "Processes" that share one store, and a function that runs once the gate is open.
struct Setting {
    caches: Vec<Cache>,
    runs: AtomicUsize,
    gate: Semaphore,
}

impl Setting {
    fn new(store: &Store) -> Self {
        let config = CacheConfig::default().with_backend_timeout(Duration::from_secs(30));
        Self {
            caches: (0..8).map(|_| store.open(config.clone())).collect(),
            runs: AtomicUsize::new(0),
            gate: Semaphore::new(0),
        }
    }

    async fn call(&self, process: usize) -> Result<usize, opero_core::Error<&'static str>> {
        let run = |_| async {
            let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
            self.gate.acquire().await.unwrap().forget();
            match run {
                666.. => Err("failing"),
                run => Ok(run),
            }
        };
        self.caches[process]
            .execute(&operation(run).stable("f", "a"))
            .await
    }
}

#[tokio::test]
async fn of_eight_processes_one_executes_and_the_others_get_its_value() {
    let setting = Setting::new(&Store::leasing());
    let calls = (0..8).map(|process| setting.call(process));
    let opened = async {
        while setting.runs.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        setting.gate.add_permits(100);
    };
    let (results, ()) = tokio::join!(futures_util::future::join_all(calls), opened);
    for result in results {
        assert_eq!(result.unwrap(), 1);
    }
    assert_eq!(setting.runs.load(Ordering::SeqCst), 1);
    let coalesced: u64 = setting
        .caches
        .iter()
        .map(|cache| cache.stats().coalesced)
        .sum();
    let hits: u64 = setting.caches.iter().map(|cache| cache.stats().hits).sum();
    assert_eq!(coalesced + hits, 7);
}

#[tokio::test]
async fn a_leader_that_leaves_passes_its_lease_on() {
    let setting = Arc::new(Setting::new(&Store::leasing()));
    let task = |process| {
        let setting = Arc::clone(&setting);
        tokio::spawn(async move { setting.call(process).await.map_err(|e| e.to_string()) })
    };
    let first = task(0);
    while setting.runs.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let second = task(1);
    first.abort();
    setting.gate.add_permits(100);
    assert_eq!(second.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn after_two_leaders_without_a_result_nobody_waits_any_more() {
    let setting = Setting::new(&Store::leasing());
    setting.runs.store(666, Ordering::SeqCst);
    setting.gate.add_permits(100);
    let calls = (0..8).map(|process| setting.call(process));
    let results = futures_util::future::join_all(calls).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(setting.runs.load(Ordering::SeqCst), 666 + 8);
}

#[tokio::test]
async fn a_store_that_nobody_shares_is_not_claimed_in() {
    let store = Store::default();
    let setting = Setting::new(&store);
    setting.gate.add_permits(100);
    assert_eq!(setting.call(0).await.unwrap(), 1);
    assert_eq!(store.0.claims.load(Ordering::SeqCst), 0);
}

/// A call whose key is its number alone.
struct Numbered<N>(N, usize);

impl<N: Operation<u8, ()>> Operation<u8, ()> for Numbered<N> {
    async fn attempt(&self, cx: &Context<'_>, attempt: Attempt) -> Result<u8, Error<()>> {
        self.0.attempt(cx, attempt).await
    }
    fn arguments(&self) -> &dyn Arguments {
        self
    }
    fn policy(&self) -> &dyn CallPolicy<u8, ()> {
        self
    }
}

impl<N: Send + Sync> Arguments for Numbered<N> {
    fn stable_key(&self, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        out.push(&self.1.to_le_bytes());
        Some(Ok(()))
    }
}

impl<N: Send + Sync> CallPolicy<u8, ()> for Numbered<N> {
    fn codec(&self) -> Option<Codec<u8>> {
        Some(Codec::postcard())
    }
}

#[tokio::test]
async fn processes_that_would_wait_for_each_other_run_in_the_end() {
    let store = Store::leasing();
    let config = CacheConfig::default().with_backend_timeout(Duration::from_millis(20));
    let caches = [store.open(config.clone()), store.open(config)];
    let both = tokio::sync::Barrier::new(2);
    // Each leads its own number, and asks for the other's while the other does the same.
    let visit = async |process: usize| {
        let cache = &caches[process];
        let both = &both;
        let outer = operation(move |_| async move {
            both.wait().await;
            let inner = operation(|_| async { Ok(7) });
            let inner = cache.execute(&Numbered(inner, 1 - process)).await;
            inner.map_err(|_| ())
        });
        cache.execute(&Numbered(outer, process)).await
    };
    let (one, two) = tokio::join!(visit(0), visit(1));
    assert_eq!((one.unwrap(), two.unwrap()), (7, 7));
}
