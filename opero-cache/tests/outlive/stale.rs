use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use opero_cache::{Cache, CacheConfig};
use opero_core::{
    Arguments, Attempt, Background, CallPolicy, Codec, CodecError, Context, Error, Key, KeyBytes,
    ManualClock, Operation, Stage, WaitMode, block_on,
};

use crate::store::{Gate, Store, Watched};

const SECOND: Duration = Duration::from_secs(1);

/// Entries live ten seconds, serve stale for five more, and are refreshed in their last two.
fn config() -> CacheConfig {
    CacheConfig::default()
        .with_ttl(Some(10 * SECOND))
        .with_stale(Some(5 * SECOND))
        .with_refresh(Some(2 * SECOND))
}

/// A function that counts its runs and fails when told to, in all the ways a call of it can be made.
struct Function {
    cache: Cache,
    clock: ManualClock,
    runs: AtomicU64,
    failing: AtomicBool,
    /// What it returns is not to be kept.
    unwanted: AtomicBool,
    /// Runs are held up here.
    gate: Gate,
    /// Told of the end of each background call.
    ended: Mutex<mpsc::Sender<()>>,
}

struct Call {
    function: Arc<Function>,
    background: bool,
}

impl Operation<u64, &'static str> for Call {
    async fn attempt(&self, _: &Context<'_>, _: Attempt) -> Result<u64, Error<&'static str>> {
        self.function.gate.pass();
        let run = self.function.runs.fetch_add(1, Ordering::SeqCst) + 1;
        match self.function.failing.load(Ordering::SeqCst) {
            true => Err("failing".into()),
            false => Ok(run),
        }
    }
    fn arguments(&self) -> &dyn Arguments {
        self
    }
    fn policy(&self) -> &dyn CallPolicy<u64, &'static str> {
        self
    }
}

impl CallPolicy<u64, &'static str> for Call {
    fn codec(&self) -> Option<Codec<u64>> {
        Some(Codec::postcard())
    }
    fn cache_if(&self, _: &u64) -> bool {
        !self.function.unwanted.load(Ordering::SeqCst)
    }
}

impl Arguments for Call {
    fn key(&self) -> Option<Key> {
        Some(Key::of("only one"))
    }
    fn stable_key(&self, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        out.push(b"only one");
        Some(Ok(()))
    }
    fn in_background(&self) -> Option<Background> {
        let function = Arc::clone(&self.function);
        self.background.then(|| {
            Background::Blocking(Box::new(move || {
                let call = Call {
                    function: Arc::clone(&function),
                    background: true,
                };
                let _ = block_on(function.cache.call(
                    &Context::new(&function.clock, WaitMode::Blocking),
                    Attempt::FIRST,
                    &call,
                ));
                function.ended.lock().unwrap().send(()).unwrap();
            }))
        })
    }
}

struct Setting {
    watched: Watched,
    function: Arc<Function>,
    ended: Mutex<mpsc::Receiver<()>>,
}

impl Setting {
    fn new(cache: Cache) -> Self {
        let watched = Watched::new();
        let (sender, ended) = mpsc::channel();
        let function = Arc::new(Function {
            cache,
            clock: watched.clock.clone(),
            runs: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            unwanted: AtomicBool::new(false),
            gate: Gate::default(),
            ended: Mutex::new(sender),
        });
        Self {
            watched,
            function,
            ended: Mutex::new(ended),
        }
    }

    /// The kinds of cache that all promises hold for.
    fn kinds() -> [Self; 7] {
        // A store of its own for each: they are shared by name.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let layered = |near: &str| {
            let number = NEXT.fetch_add(1, Ordering::SeqCst);
            let location = format!("{near}+far://stale{number}");
            Self::new(Cache::open(&location.as_str().into(), config()).unwrap())
        };
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        [
            layered("memory"),
            layered(&format!("middle://near{number}")),
            Self::new(Store::leasing().open(config())),
            // L1 drops it long before.
            Self::new(
                Cache::open(
                    &format!("memory+far://stale{number}x?l1_ttl=1s")
                        .as_str()
                        .into(),
                    config(),
                )
                .unwrap(),
            ),
            Self::new(Cache::open(&"memory".into(), config()).unwrap()),
            Self::new(Cache::open(&"quick".into(), config()).unwrap()),
            Self::new(Store::default().open(config())),
        ]
    }

    fn call(&self, background: bool) -> Result<u64, Error<&'static str>> {
        let function = Arc::clone(&self.function);
        let call = Call {
            function,
            background,
        };
        block_on(
            self.function
                .cache
                .call(&self.watched.cx(), Attempt::FIRST, &call),
        )
    }

    fn refreshed(&self) {
        let ended = self.ended.lock().unwrap();
        ended.recv_timeout(30 * SECOND).unwrap();
    }

    /// The ticket is given back just behind the call.
    fn has_refreshed(&self) {
        self.refreshed();
        while format!("{:?}", self.function.cache).contains("refreshes: 1") {
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_stale_value_serves_at_once_and_is_refreshed_in_the_background() {
    for setting in Setting::kinds() {
        assert_eq!(setting.call(true).unwrap(), 1);
        setting.watched.clock.advance(12 * SECOND);
        setting.watched.told();
        assert_eq!(setting.call(true).unwrap(), 1, "the stale one");
        assert_eq!(setting.watched.told(), ["cache_stale"]);
        setting.refreshed();
        assert_eq!(setting.call(true).unwrap(), 2, "the fresh one");
        assert_eq!(setting.watched.told(), ["cache_hit"]);
        let stats = setting.function.cache.stats();
        assert_eq!((stats.hits, stats.stale, stats.misses), (2, 1, 2));
    }
}

#[test]
fn nobody_waits_for_a_refresh_or_hears_of_its_failure() {
    for setting in Setting::kinds() {
        assert_eq!(setting.call(true).unwrap(), 1);
        for age in [9, 3] {
            setting.watched.clock.advance(age * SECOND);
            setting.function.failing.store(true, Ordering::SeqCst);
            setting.function.gate.close();
            for _ in 0..5 {
                assert_eq!(setting.call(true).unwrap(), 1);
            }
            setting.function.gate.somebody_waits();
            assert_eq!(setting.call(true).unwrap(), 1);
            setting.function.gate.open();
            setting.has_refreshed();
        }
    }
}

/// The refresher has the lease, or nearly, when its record is dropped and another call of its process misses.
#[test]
fn a_refresher_and_a_leader_do_not_wait_for_each_other() {
    let store = Store::leasing();
    let setting = Setting::new(store.open(config()));
    assert_eq!(setting.call(true).unwrap(), 1);
    setting.watched.clock.advance(12 * SECOND);
    store.0.claimed.close();
    assert_eq!(setting.call(true).unwrap(), 1);
    store.0.claimed.somebody_waits();
    store.0.records.lock().unwrap().clear();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| setting.call(true));
        // Time for it to miss and to follow, or to lead.
        std::thread::sleep(Duration::from_millis(50));
        store.0.claimed.open();
        assert_eq!(other.join().unwrap().unwrap(), 2);
    });
    setting.refreshed();
    assert_eq!(setting.function.runs.load(Ordering::SeqCst), 2);
}

#[test]
fn it_serves_no_longer_than_it_may() {
    for setting in Setting::kinds() {
        assert_eq!(setting.call(true).unwrap(), 1);
        setting.watched.clock.advance(15 * SECOND);
        assert_eq!(setting.call(true).unwrap(), 2);
    }
}

#[test]
fn in_the_last_part_of_its_life_a_value_is_refreshed_before_anybody_waits() {
    for setting in Setting::kinds() {
        assert_eq!(setting.call(true).unwrap(), 1);
        setting.watched.clock.advance(7 * SECOND);
        assert_eq!(setting.call(true).unwrap(), 1);
        assert_eq!(setting.function.runs.load(Ordering::SeqCst), 1, "too early");
        setting.watched.clock.advance(SECOND);
        setting.watched.told();
        assert_eq!(setting.call(true).unwrap(), 1);
        assert_eq!(setting.watched.told(), ["cache_hit"]);
        setting.refreshed();
        setting.watched.clock.advance(5 * SECOND);
        assert_eq!(setting.call(true).unwrap(), 2, "fresh since the refresh");
        assert_eq!(setting.function.runs.load(Ordering::SeqCst), 2);
    }
}

/// The first pause is a second, and each failure doubles it.
#[test]
fn a_refresh_that_fails_leaves_the_stale_value_and_is_tried_again_after_a_pause() {
    for background in [true, false] {
        for setting in Setting::kinds() {
            assert_eq!(setting.call(background).unwrap(), 1);
            setting.watched.clock.advance(11 * SECOND);
            setting.function.failing.store(true, Ordering::SeqCst);
            for (run, pause) in [(2, SECOND), (3, 2 * SECOND)] {
                assert_eq!(setting.call(background).unwrap(), 1);
                if background {
                    setting.has_refreshed();
                }
                setting.watched.clock.advance(pause - SECOND / 2);
                for _ in 0..100 {
                    assert_eq!(setting.call(background).unwrap(), 1);
                }
                assert_eq!(setting.function.runs.load(Ordering::SeqCst), run);
                setting.watched.clock.advance(SECOND / 2);
            }
            setting.watched.clock.advance(SECOND);
            assert!(setting.call(background).is_err(), "too old by now");
        }
    }
}

#[test]
fn after_a_refresh_that_succeeds_the_next_failure_is_the_first_one() {
    for setting in Setting::kinds() {
        assert_eq!(setting.call(false).unwrap(), 1);
        for run in [2, 4] {
            setting.watched.clock.advance(11 * SECOND);
            setting.function.failing.store(true, Ordering::SeqCst);
            assert_eq!(setting.call(false).unwrap(), run - 1);
            assert_eq!(setting.function.runs.load(Ordering::SeqCst), run);
            setting.watched.clock.advance(SECOND);
            setting.function.failing.store(false, Ordering::SeqCst);
            assert_eq!(setting.call(false).unwrap(), run + 1);
        }
    }
}

/// What `cache_if` turns down leaves the stale value in its place, as an error does.
#[test]
fn a_refresh_whose_result_is_not_kept_is_tried_again_after_a_pause() {
    for setting in Setting::kinds() {
        assert_eq!(setting.call(true).unwrap(), 1);
        setting.watched.clock.advance(11 * SECOND);
        setting.function.unwanted.store(true, Ordering::SeqCst);
        for _ in 0..100 {
            assert_eq!(setting.call(true).unwrap(), 1);
        }
        setting.has_refreshed();
        assert_eq!(setting.call(true).unwrap(), 1);
        assert_eq!(setting.function.runs.load(Ordering::SeqCst), 2);
    }
}

#[test]
fn where_nothing_runs_in_the_background_one_caller_waits_for_the_fresh_value() {
    for setting in Setting::kinds() {
        assert_eq!(setting.call(false).unwrap(), 1);
        setting.watched.clock.advance(12 * SECOND);
        assert_eq!(setting.call(false).unwrap(), 2);
        setting.watched.clock.advance(12 * SECOND);
        setting.function.failing.store(true, Ordering::SeqCst);
        assert_eq!(
            setting.call(false).unwrap(),
            2,
            "stale is better than a failure"
        );
    }
}

#[test]
fn a_crowd_that_finds_a_stale_value_refreshes_it_once() {
    for setting in Setting::kinds() {
        assert_eq!(setting.call(true).unwrap(), 1);
        setting.watched.clock.advance(12 * SECOND);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| setting.call(true).unwrap()))
                .collect();
            callers
                .into_iter()
                .map(|caller| caller.join().unwrap())
                .collect()
        });
        assert!(
            answers.iter().all(|answer| [1, 2].contains(answer)),
            "{answers:?}"
        );
        setting.refreshed();
        assert_eq!(setting.function.runs.load(Ordering::SeqCst), 2);
    }
}

#[test]
fn what_never_expires_cannot_be_stale() {
    let error = |config: CacheConfig| {
        let opened = Cache::open(&"memory".into(), config);
        opened.unwrap_err().to_string()
    };
    assert!(
        error(config().with_ttl(None))
            .starts_with("`cache_stale` is set for entries that never expire")
    );
    let long = config().with_refresh(Some(10 * SECOND));
    assert!(error(long).starts_with("`cache_refresh` is no part of `cache_ttl`"));
}
