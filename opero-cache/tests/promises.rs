//! What the cache promises, on both of its memory backends.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests may panic as tests do"
)]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use opero_cache::{Cache, CacheBackend, CacheConfig, Entry, Peek, clear_namespace};
use opero_core::{
    Arguments, Attempt, Backend, BackendError, CallPolicy, Context, Error, Event, Key, ManualClock,
    Operation, SharedError, Stage, WaitMode, async_trait, block_on, operation,
};
use proptest::prelude::*;

const BACKENDS: [&str; 2] = ["memory", "quick"];

fn open(backend: &str, config: CacheConfig) -> Cache {
    Cache::open(&backend.into(), config).unwrap()
}

/// A cached call of `function` with `argument` on `clock`.
fn call(
    cache: &Cache,
    clock: &ManualClock,
    argument: u64,
    function: impl Fn() -> Result<u64, &'static str> + Sync,
) -> Result<u64, Error<&'static str>> {
    let function = &function;
    let operation = operation(move |_| async move { function() });
    let cx = Context::new(clock, WaitMode::Blocking);
    block_on(cache.call(&cx, Attempt::FIRST, &operation.keyed(&argument)))
}

#[test]
fn a_result_is_looked_up_and_an_error_never_is() {
    for backend in BACKENDS {
        let (cache, clock) = (open(backend, CacheConfig::default()), ManualClock::new());
        let runs = AtomicUsize::new(0);
        let run = |cache: &Cache, argument| {
            call(cache, &clock, argument, || {
                match runs.fetch_add(1, Ordering::SeqCst) {
                    0 => Err("first"),
                    _ => Ok(argument * 2),
                }
            })
        };
        assert!(run(&cache, 4).is_err());
        assert_eq!(run(&cache, 4).unwrap(), 8);
        assert_eq!(run(&cache, 4).unwrap(), 8);
        assert_eq!(run(&cache, 5).unwrap(), 10);
        assert_eq!(runs.load(Ordering::SeqCst), 3, "{backend}");
        let stats = cache.stats();
        assert_eq!(
            (stats.hits, stats.misses, stats.inserts),
            (1, 3, 2),
            "{backend}"
        );
    }
}

#[test]
fn the_pipelines_clock_governs_expiry() {
    for backend in BACKENDS {
        let config = CacheConfig::default().with_ttl(Some(Duration::from_secs(10)));
        let (cache, clock) = (open(backend, config), ManualClock::new());
        let runs = AtomicUsize::new(0);
        let run = || {
            call(&cache, &clock, 1, || {
                Ok(runs.fetch_add(1, Ordering::SeqCst) as u64)
            })
            .unwrap()
        };
        assert_eq!(run(), 0);
        clock.advance(Duration::from_nanos(9_999_999_999));
        assert_eq!(run(), 0, "{backend}: still alive");
        clock.advance(Duration::from_nanos(1));
        assert_eq!(run(), 1, "{backend}: expired to the nanosecond");
    }
}

#[test]
fn what_has_expired_is_dropped_though_nobody_asks_for_it() {
    for backend in BACKENDS {
        let config = CacheConfig::default().with_ttl(Some(Duration::from_secs(10)));
        let (cache, clock) = (open(backend, config), ManualClock::new());
        for argument in 0..100 {
            call(&cache, &clock, argument, || Ok(1)).unwrap();
        }
        assert_eq!(cache.stats().entries, 100);
        clock.advance(Duration::from_secs(20));
        call(&cache, &clock, 1_000, || Ok(1)).unwrap();
        assert_eq!(cache.stats().entries, 1, "{backend}");
    }
}

#[test]
fn for_ever_is_for_ever() {
    for backend in BACKENDS {
        let (cache, clock) = (
            open(backend, CacheConfig::default().with_ttl(None)),
            ManualClock::new(),
        );
        let runs = AtomicUsize::new(0);
        let run = || {
            call(&cache, &clock, 1, || {
                Ok(runs.fetch_add(1, Ordering::SeqCst) as u64)
            })
        };
        assert_eq!(run().unwrap(), 0);
        clock.advance(Duration::MAX);
        assert_eq!(run().unwrap(), 0, "{backend}");
    }
}

#[test]
fn the_capacity_bounds_the_entries_and_evictions_are_counted() {
    for backend in BACKENDS {
        let (cache, clock) = (
            open(backend, CacheConfig::default().with_capacity(50)),
            ManualClock::new(),
        );
        for argument in 0..1_000 {
            call(&cache, &clock, argument, || Ok(1)).unwrap();
        }
        let stats = cache.stats();
        assert!(stats.entries <= 50, "{backend}: {stats:?}");
        assert!(stats.evictions > 0, "{backend}: {stats:?}");
    }
}

/// However the keys spread over the shards of a backend.
#[test]
fn as_many_entries_are_kept_as_the_capacity_says() {
    for backend in BACKENDS {
        for capacity in [1, 10, 100, 999, 10_000] {
            let config = CacheConfig::default().with_capacity(capacity);
            let (cache, clock) = (open(backend, config), ManualClock::new());
            for _ in 0..2 {
                for argument in 0..capacity {
                    call(&cache, &clock, argument, || Ok(1)).unwrap();
                }
            }
            let stats = cache.stats();
            let counted = (stats.misses, stats.hits, stats.entries);
            assert_eq!(counted, (capacity, capacity, capacity), "{backend}");
        }
    }
}

/// As a batch is inserted beside traffic that has filled the cache.
#[test]
fn what_was_put_last_is_there_whatever_is_asked_more_often() {
    let config = CacheConfig::default().with_capacity(1_000);
    let (cache, clock) = (open("memory", config), ManualClock::new());
    let run = |arguments: std::ops::Range<u64>, times| {
        for argument in arguments.clone().cycle().take(arguments.count() * times) {
            call(&cache, &clock, argument, || Ok(1)).unwrap();
        }
    };
    run(0..1_000, 1);
    run(0..900, 20);
    run(5_000..5_100, 1);
    run(0..900, 20);
    let misses = cache.stats().misses;
    run(5_000..5_100, 1);
    assert_eq!(cache.stats().misses, misses);
}

#[test]
fn what_cache_if_declines_is_not_kept() {
    struct Declined<'a>(&'a AtomicUsize);
    impl Operation<u64, ()> for Declined<'_> {
        async fn attempt(&self, _: &Context<'_>, _: Attempt) -> Result<u64, Error<()>> {
            Ok(self.0.fetch_add(1, Ordering::SeqCst) as u64)
        }
        fn arguments(&self) -> &dyn Arguments {
            self
        }
        fn policy(&self) -> &dyn CallPolicy<u64, ()> {
            self
        }
    }
    impl Arguments for Declined<'_> {
        fn key(&self) -> Option<Key> {
            Some(Key::of(&1))
        }
    }
    impl CallPolicy<u64, ()> for Declined<'_> {
        fn cache_if(&self, value: &u64) -> bool {
            *value > 0
        }
    }
    let (cache, runs) = (open("memory", CacheConfig::default()), AtomicUsize::new(0));
    let run = || cache.execute_sync(&Declined(&runs)).unwrap();
    assert_eq!([run(), run(), run()], [0, 1, 1]);
}

/// A call of which only the key is known.
struct Known<T>(Key, std::marker::PhantomData<fn() -> T>);

impl<T> Known<T> {
    fn new(argument: &str) -> Self {
        Self(Key::of(argument), std::marker::PhantomData)
    }
}

impl<T: Send> Operation<T, ()> for Known<T> {
    async fn attempt(&self, _: &Context<'_>, _: Attempt) -> Result<T, Error<()>> {
        Err(Error::from(()))
    }
    fn arguments(&self) -> &dyn Arguments {
        self
    }
}

impl<T> Arguments for Known<T> {
    fn key(&self) -> Option<Key> {
        Some(self.0)
    }
}

#[test]
fn a_handle_looks_inserts_removes_clears_and_refreshes() {
    for backend in BACKENDS {
        let cache = open(backend, CacheConfig::default().with_namespace(backend));
        let cx = Context::blocking();
        let (number, text) = (Known::<u64>::new("a"), Known::<String>::new("a"));
        assert_eq!(block_on(cache.get(&cx, &number)), None);
        block_on(cache.insert(&cx, &number, &5));
        assert_eq!(block_on(cache.get(&cx, &number)), Some(5));
        let other = block_on(cache.get(&cx, &text));
        assert_eq!(other, None, "another type is a miss");
        block_on(cache.remove(&cx, &number)).unwrap();
        assert_eq!(block_on(cache.get(&cx, &number)), None);
        assert_eq!(cache.stats().hits, 0, "a look is no hit");

        let runs = AtomicUsize::new(0);
        let counted = operation(|_| async { Ok::<_, ()>(runs.fetch_add(1, Ordering::SeqCst)) });
        let counted = counted.keyed(&1);
        assert_eq!(cache.execute_sync(&counted).unwrap(), 0);
        assert_eq!(cache.refreshing().execute_sync(&counted).unwrap(), 1);
        assert_eq!(
            cache.execute_sync(&counted).unwrap(),
            1,
            "the refreshed one"
        );
        block_on(clear_namespace("another")).unwrap();
        assert_eq!(cache.execute_sync(&counted).unwrap(), 1);
        block_on(clear_namespace(backend)).unwrap();
        assert_eq!(cache.execute_sync(&counted).unwrap(), 2);
        block_on(cache.clear()).unwrap();
        assert_eq!(cache.execute_sync(&counted).unwrap(), 3);
    }
}

#[test]
fn bad_values_are_rejected_by_name() {
    let error = |config| {
        Cache::open(&"memory".into(), config)
            .unwrap_err()
            .to_string()
    };
    assert!(error(CacheConfig::default().with_capacity(0)).starts_with("`cache_capacity` is zero"));
    assert!(
        error(CacheConfig::default().with_ttl(Some(Duration::ZERO)))
            .starts_with("`cache_ttl` is zero")
    );
    assert!(
        error(CacheConfig::default().with_namespace("")).starts_with("`cache_namespace` is empty")
    );
    let unknown = Cache::open(&"memroy".into(), CacheConfig::default())
        .unwrap_err()
        .to_string();
    assert!(
        unknown.contains("did you mean `memory`? registered are ") && unknown.contains("`quick`"),
        "{unknown}"
    );
}

/// Runs once the gate is open, and counts its runs.
struct Gated {
    runs: AtomicUsize,
    open: tokio::sync::Semaphore,
}

impl Gated {
    fn new() -> Self {
        Self {
            runs: AtomicUsize::new(0),
            open: tokio::sync::Semaphore::new(0),
        }
    }
    async fn run(&self) -> Result<usize, &'static str> {
        let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        let _permit = self.open.acquire().await.unwrap();
        Ok(run)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_calls_with_one_key_execute_once() {
    for backend in BACKENDS {
        let (cache, gated) = (
            Arc::new(open(backend, CacheConfig::default())),
            Arc::new(Gated::new()),
        );
        let callers: Vec<_> = (0..1_000)
            .map(|_| {
                let (cache, gated) = (Arc::clone(&cache), Arc::clone(&gated));
                tokio::spawn(async move {
                    cache
                        .execute(&operation(|_| gated.run()).keyed(&1))
                        .await
                        .unwrap()
                })
            })
            .collect();
        tokio::task::yield_now().await;
        gated.open.add_permits(1);
        for caller in callers {
            assert_eq!(caller.await.unwrap(), 1);
        }
        assert_eq!(gated.runs.load(Ordering::SeqCst), 1, "{backend}");
    }
}

#[test]
fn concurrent_threads_with_one_key_execute_once() {
    let (cache, runs) = (open("quick", CacheConfig::default()), AtomicUsize::new(0));
    let barrier = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                let run = |_| async {
                    runs.fetch_add(1, Ordering::SeqCst);
                    std::thread::yield_now();
                    Ok::<_, ()>(1)
                };
                cache.execute_sync(&operation(run).keyed(&1)).unwrap();
            });
        }
    });
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_dropped_leader_hands_over_to_a_follower() {
    let (cache, gated) = (open("memory", CacheConfig::default()), Gated::new());
    let operation = operation(|_| gated.run()).keyed(&1);
    let mut task = TaskContext::from_waker(Waker::noop());
    let mut leader = Box::pin(cache.execute(&operation));
    let mut follower = pin!(cache.execute(&operation));
    assert!(leader.as_mut().poll(&mut task).is_pending());
    assert!(follower.as_mut().poll(&mut task).is_pending());
    assert_eq!(gated.runs.load(Ordering::SeqCst), 1);
    drop(leader);
    assert!(follower.as_mut().poll(&mut task).is_pending());
    assert_eq!(gated.runs.load(Ordering::SeqCst), 2);
    gated.open.add_permits(1);
    assert!(matches!(
        follower.as_mut().poll(&mut task),
        Poll::Ready(Ok(2))
    ));
}

#[test]
fn a_panic_reaches_its_caller_and_the_others_go_on() {
    let cache = Arc::new(open("memory", CacheConfig::default()));
    let runs = AtomicUsize::new(0);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let run = |_| async {
                        assert!(
                            runs.fetch_add(1, Ordering::SeqCst) > 0,
                            "the first one panics"
                        );
                        Ok::<_, ()>(7)
                    };
                    cache.execute_sync(&operation(run).keyed(&1)).unwrap()
                })
            })
            .collect();
        callers.into_iter().map(|c| c.join()).collect()
    });
    assert_eq!(outcomes.iter().filter(|o| o.is_err()).count(), 1);
    assert!(outcomes.iter().flatten().all(|value| *value == 7));
}

/// An operation under a number of its own, whatever closure it is.
struct Numbered<N>(N, u64);
impl<N: Operation<u64, ()>> Operation<u64, ()> for Numbered<N> {
    async fn attempt(&self, cx: &Context<'_>, attempt: Attempt) -> Result<u64, Error<()>> {
        self.0.attempt(cx, attempt).await
    }
    fn arguments(&self) -> &dyn Arguments {
        self
    }
}

impl<N: Send + Sync> Arguments for Numbered<N> {
    fn key(&self) -> Option<Key> {
        Some(Key::of(&self.1))
    }
}

/// The naive recursion: every call asks the cache for two others, and for itself once.
fn fibonacci(cache: &Cache, n: u64, again: bool) -> u64 {
    let run = |_| async move {
        if again {
            fibonacci(cache, n, false);
        }
        Ok::<_, ()>(match n {
            0 | 1 => n,
            _ => fibonacci(cache, n - 1, false) + fibonacci(cache, n - 2, false),
        })
    };
    cache.execute_sync(&Numbered(operation(run), n)).unwrap()
}

#[test]
fn recursion_on_other_keys_and_on_the_same_one_ends() {
    let cache = open("memory", CacheConfig::default());
    assert_eq!(fibonacci(&cache, 30, true), 832_040);
}

#[test]
fn an_error_that_can_be_copied_is_shared() {
    struct Failing<'a>(&'a Gated);
    impl Operation<usize, &'static str> for Failing<'_> {
        async fn attempt(&self, _: &Context<'_>, _: Attempt) -> Result<usize, Error<&'static str>> {
            self.0.run().await?;
            Err("down".into())
        }
        fn arguments(&self) -> &dyn Arguments {
            self
        }
        fn policy(&self) -> &dyn CallPolicy<usize, &'static str> {
            self
        }
    }
    impl Arguments for Failing<'_> {
        fn key(&self) -> Option<Key> {
            Some(Key::of(&1))
        }
    }
    impl CallPolicy<usize, &'static str> for Failing<'_> {
        fn share_error(&self, error: &Error<&'static str>) -> Option<SharedError> {
            Some(Arc::new(error.clone()))
        }
        fn unshare_error(&self, shared: &SharedError) -> Option<Error<&'static str>> {
            shared.downcast_ref().cloned()
        }
    }
    let (cache, gated) = (open("memory", CacheConfig::default()), Gated::new());
    let operation = Failing(&gated);
    let mut task = TaskContext::from_waker(Waker::noop());
    let mut calls: Vec<_> = (0..5)
        .map(|_| Box::pin(cache.execute(&operation)))
        .collect();
    for call in &mut calls {
        assert!(call.as_mut().poll(&mut task).is_pending());
    }
    gated.open.add_permits(1);
    for call in &mut calls {
        assert!(matches!(call.as_mut().poll(&mut task), Poll::Ready(Err(_))));
    }
    assert_eq!(gated.runs.load(Ordering::SeqCst), 1);
}

/// A store that is down.
#[derive(Debug)]
struct Down;

impl Backend for Down {
    fn scheme(&self) -> &'static str {
        "down"
    }
}

#[async_trait]
impl CacheBackend for Down {
    fn peek(&self, _: &Key) -> Peek {
        Peek::NeedsAsync
    }
    async fn get(&self, _: &Key) -> Result<Option<Entry>, BackendError> {
        Err(BackendError::new("unreachable"))
    }
    async fn put(&self, _: &Key, _: Entry) -> Result<(), BackendError> {
        Err(BackendError::new("unreachable"))
    }
    async fn remove(&self, _: &Key) -> Result<(), BackendError> {
        Err(BackendError::new("unreachable"))
    }
    async fn clear(&self) -> Result<(), BackendError> {
        Err(BackendError::new("unreachable"))
    }
}

#[test]
fn a_backend_that_is_down_costs_events_and_no_call() {
    let cache = Cache::with_backend(Arc::new(Down), CacheConfig::default()).unwrap();
    let told = std::sync::Mutex::new(Vec::new());
    let observer = |_: &str, event: &Event<'_>| told.lock().unwrap().push(event.name());
    let cx = Context::blocking().with_observer(&observer);
    let operation = operation(|_| async { Ok::<_, ()>(1) }).keyed(&1);
    for _ in 0..2 {
        assert_eq!(
            block_on(cache.call(&cx, Attempt::FIRST, &operation)).unwrap(),
            1
        );
    }
    let once = ["cache_unavailable", "cache_miss", "cache_unavailable"];
    assert_eq!(*told.lock().unwrap(), [once, once].concat());
}

/// A store that never answers.
#[derive(Debug)]
struct Hung;

impl Backend for Hung {
    fn scheme(&self) -> &'static str {
        "hung"
    }
}

#[async_trait]
impl CacheBackend for Hung {
    fn peek(&self, _: &Key) -> Peek {
        Peek::NeedsAsync
    }
    async fn get(&self, _: &Key) -> Result<Option<Entry>, BackendError> {
        std::future::pending().await
    }
    async fn put(&self, _: &Key, _: Entry) -> Result<(), BackendError> {
        std::future::pending().await
    }
    async fn remove(&self, _: &Key) -> Result<(), BackendError> {
        std::future::pending().await
    }
    async fn clear(&self) -> Result<(), BackendError> {
        std::future::pending().await
    }
}

fn impatient() -> Cache {
    let config = CacheConfig::default()
        .with_backend_timeout(Duration::from_millis(5))
        .with_namespace("hung");
    Cache::with_backend(Arc::new(Hung), config).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_hangs_delays_a_call_by_its_patience_and_no_more() {
    let (cache, told) = (impatient(), std::sync::Mutex::new(Vec::new()));
    let observer = |_: &str, event: &Event<'_>| told.lock().unwrap().push(event.name());
    let cx = Context::system().with_observer(&observer);
    let operation = operation(|_| async { Ok::<_, ()>(1) }).keyed(&1);
    let result = cache.call(&cx, Attempt::FIRST, &operation).await;
    assert_eq!(result.unwrap(), 1);
    let expected = ["cache_unavailable", "cache_miss", "cache_unavailable"];
    assert_eq!(*told.lock().unwrap(), expected);
    assert!(cache.remove(&cx, &operation).await.is_err());
    assert!(cache.clear().await.is_err());
}

/// Also where the thread that blocks is the one that would drive the runtime's timer, and where there is no timer.
#[test]
fn a_backend_that_hangs_does_not_hang_a_thread() {
    let call = || {
        let operation = operation(|_| async { Ok::<_, ()>(1) }).keyed(&1);
        assert_eq!(impatient().execute_sync(&operation).unwrap(), 1);
    };
    call();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async { call() });
}

#[test]
fn a_flight_under_way_does_not_bring_back_what_was_dropped() {
    for way in 0..4 {
        let (cache, gated) = (open("memory", CacheConfig::default()), Gated::new());
        let (operation, cx) = (operation(|_| gated.run()).keyed(&1), Context::system());
        let mut task = TaskContext::from_waker(Waker::noop());
        let mut before = Box::pin(cache.execute(&operation));
        assert!(before.as_mut().poll(&mut task).is_pending());
        match way {
            0 => block_on(cache.remove(&cx, &operation)).unwrap(),
            1 => block_on(cache.clear()).unwrap(),
            2 => block_on(clear_namespace("opero")).unwrap(),
            _ => block_on(cache.insert(&cx, &operation, &77)),
        }
        // A later caller is not answered by the call from before.
        let mut after = Box::pin(cache.execute(&operation));
        match way {
            3 => assert!(matches!(
                after.as_mut().poll(&mut task),
                Poll::Ready(Ok(77))
            )),
            _ => assert!(after.as_mut().poll(&mut task).is_pending()),
        }
        gated.open.add_permits(1);
        assert!(matches!(
            before.as_mut().poll(&mut task),
            Poll::Ready(Ok(1))
        ));
        let kept = block_on(cache.get(&cx, &operation));
        assert_ne!(kept, Some(1), "way {way}");
    }
}

/// Calls the other key from inside its own, to a depth: two such calls at once wait for each other.
fn visit(cache: &Cache, node: u64, depth: u32) -> Pin<Box<dyn Future<Output = u64> + Send + '_>> {
    let run = move |_| async move {
        tokio::task::yield_now().await;
        Ok::<_, ()>(match depth {
            0..2 => visit(cache, 1 - node, depth + 1).await,
            _ => node,
        })
    };
    Box::pin(async move {
        let numbered = Numbered(operation(run), node);
        cache.execute(&numbered).await.unwrap()
    })
}

#[tokio::test]
async fn calls_that_would_wait_for_each_other_run_instead() {
    let cache = open("memory", CacheConfig::default());
    let (one, two) = tokio::join!(visit(&cache, 0, 0), visit(&cache, 1, 0));
    assert!(one < 2 && two < 2);
}

#[test]
fn threads_that_would_wait_for_each_other_run_instead() {
    for _ in 0..200 {
        let (cache, barrier) = (
            open("memory", CacheConfig::default()),
            std::sync::Barrier::new(2),
        );
        std::thread::scope(|scope| {
            for node in 0..2 {
                let (cache, barrier) = (&cache, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    block_on(visit(cache, node, 0))
                });
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn paused_tokio_time_governs_expiry() {
    let config = CacheConfig::default().with_ttl(Some(Duration::from_secs(10)));
    let (cache, runs) = (open("memory", config), AtomicUsize::new(0));
    let counted = operation(|_| async { Ok::<_, ()>(runs.fetch_add(1, Ordering::SeqCst)) });
    let counted = counted.keyed(&1);
    assert_eq!(cache.execute(&counted).await.unwrap(), 0);
    tokio::time::advance(Duration::from_secs(9)).await;
    assert_eq!(cache.execute(&counted).await.unwrap(), 0);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(cache.execute(&counted).await.unwrap(), 1);
}

#[derive(Debug, Clone)]
enum Step {
    Call(u64),
    Fail(u64),
    Clear,
    Advance(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..5_u64).prop_map(Step::Call),
        2 => (0..5_u64).prop_map(Step::Fail),
        1 => Just(Step::Clear),
        2 => (1..8_u64).prop_map(Step::Advance),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    /// The cache and a plain map with expiry times agree on which calls execute.
    #[test]
    fn it_behaves_as_a_map_with_expiry(steps in steps(), backend in 0..2_usize) {
        const TTL: u64 = 10;
        let config = CacheConfig::default().with_ttl(Some(Duration::from_secs(TTL)));
        let (cache, clock) = (open(BACKENDS[backend], config), ManualClock::new());
        let mut model = std::collections::HashMap::new();
        let mut now = 0;
        for step in steps {
            match step {
                Step::Advance(seconds) => {
                    now += seconds;
                    clock.advance(Duration::from_secs(seconds));
                }
                Step::Clear => {
                    model.clear();
                    block_on(cache.clear()).unwrap();
                }
                Step::Call(key) | Step::Fail(key) => {
                    let fails = matches!(step, Step::Fail(_));
                    let ran = AtomicUsize::new(0);
                    let result = call(&cache, &clock, key, || {
                        ran.fetch_add(1, Ordering::SeqCst);
                        if fails { Err("no") } else { Ok(key) }
                    });
                    let known = model.get(&key).is_some_and(|expires| now < *expires);
                    prop_assert_eq!(ran.into_inner() == 0, known);
                    prop_assert_eq!(result.is_ok(), known || !fails);
                    if !known && !fails {
                        model.insert(key, now + TTL);
                    }
                }
            }
        }
    }
}
