//! A leader that nothing polls holds up no other process, and one that is polled keeps its lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use opero_cache::{Cache, CacheConfig};
use opero_core::clock::{real_sleep, real_timeout};
use opero_core::{Attempt, Context, Error, Event, Stage, operation};
use opero_test_servers::RedisServer;
use tokio::sync::Semaphore;

use crate::support::{GUARD, open_patiently};

/// Longer than a leader has to be idle before it is passed over.
const LONG: Duration = Duration::from_millis(2_500);

/// Two processes that share a server, and a function whose first run waits for the gate.
struct Setting {
    _server: RedisServer,
    caches: [Cache; 2],
    runs: AtomicUsize,
    gate: Semaphore,
    /// The function's name in events.
    name: &'static str,
}

impl Setting {
    fn new(name: &'static str, config: &CacheConfig) -> Self {
        let server = RedisServer::start().unwrap();
        let open = || {
            let store = Arc::new(open_patiently(&server.url()));
            Cache::with_store(store, config.clone().with_backend_timeout(GUARD)).unwrap()
        };
        Self {
            caches: [open(), open()],
            _server: server,
            runs: AtomicUsize::new(0),
            gate: Semaphore::new(0),
            name,
        }
    }

    /// The number of the run that brought the value.
    async fn call(&self, process: usize) -> usize {
        let run = |_| async {
            let run = self.runs.fetch_add(1, SeqCst) + 1;
            if run == 1 {
                self.gate.acquire().await.unwrap().forget();
            }
            Ok::<_, Error<()>>(run)
        };
        let function = operation(run).stable("f", "a");
        let cx = Context::system().with_function(self.name);
        let called = self.caches[process].call(&cx, Attempt::FIRST, &function);
        // One that waits for ever fails.
        real_timeout(GUARD, called).await.unwrap().unwrap()
    }

    /// Polls a call until the first run has begun, and no longer.
    async fn idle(&self, process: usize) -> impl Future<Output = usize> {
        let mut idle = Box::pin(self.call(process));
        tokio::select! {
            _ = &mut idle => panic!("the gate is closed"),
            () = self.until_running() => {}
        }
        idle
    }

    async fn until_running(&self) {
        while self.runs.load(SeqCst) == 0 {
            real_sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn another_process_takes_over_from_a_leader_that_nothing_polls() {
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    opero_core::observe(|function: &str, event: &Event<'_>| {
        if function == "taken over" && matches!(event, Event::CacheLeaderIdle) {
            TOLD.fetch_add(1, SeqCst);
        }
    });
    let setting = Setting::new("taken over", &CacheConfig::default());
    let idle = setting.idle(0).await;
    assert_eq!(setting.call(1).await, 2);
    assert_eq!(TOLD.load(SeqCst), 1);
    setting.gate.add_permits(1);
    assert_eq!(idle.await, 1);
}

#[tokio::test]
async fn a_call_of_the_same_process_takes_over_the_lease_too() {
    let setting = Setting::new("same process", &CacheConfig::default());
    let _idle = setting.idle(0).await;
    assert_eq!(setting.call(0).await, 2);
}

/// What is stale serves on meanwhile.
#[tokio::test]
async fn another_process_refreshes_in_place_of_one_that_nothing_polls() {
    let config = CacheConfig::default()
        .with_ttl(Some(Duration::from_millis(100)))
        .with_stale(Some(Duration::from_secs(3_600)));
    let setting = Setting::new("refreshed", &config);
    setting.gate.add_permits(1);
    assert_eq!(setting.call(0).await, 1);
    setting.runs.store(0, SeqCst);
    real_sleep(Duration::from_millis(200)).await;
    let _idle = setting.idle(0).await;
    let refreshed = async {
        while setting.runs.load(SeqCst) == 1 {
            setting.call(1).await;
            real_sleep(Duration::from_millis(20)).await;
        }
    };
    real_timeout(GUARD, refreshed).await.unwrap();
}

#[tokio::test]
async fn a_slow_leader_keeps_its_lease() {
    let setting = Setting::new("slow", &CacheConfig::default());
    let gate_opens = async {
        real_sleep(LONG).await;
        setting.gate.add_permits(1);
    };
    let follows = async {
        setting.until_running().await;
        setting.call(1).await
    };
    let (led, coalesced, ()) = tokio::join!(setting.call(0), follows, gate_opens);
    assert_eq!((led, coalesced), (1, 1));
    assert_eq!(setting.runs.load(SeqCst), 1);
}

/// It never leaves its poll.
#[tokio::test]
async fn a_leader_that_blocks_keeps_its_lease() {
    let setting = Setting::new("blocking", &CacheConfig::default());
    let setting = &setting;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let blocks = operation(|_| async {
                setting.runs.fetch_add(1, SeqCst);
                std::thread::sleep(LONG);
                Ok::<_, Error<()>>(1_usize)
            });
            let led = opero_core::block_on(setting.caches[0].call(
                &Context::blocking(),
                Attempt::FIRST,
                &blocks.stable("f", "a"),
            ));
            assert_eq!(led.unwrap(), 1);
        });
        opero_core::block_on(async {
            setting.until_running().await;
            assert_eq!(setting.call(1).await, 1);
        });
    });
    assert_eq!(setting.runs.load(SeqCst), 1);
}
