use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opero_core::clock::Sleep;
use opero_core::{Backend, Clock, Instant, Key, ManualClock, SystemClock, async_trait};
use opero_ratelimit::{
    LimiterBackend, LimiterOptions, LocalLimiter, RateLimit, RateLimitConfig, Verdict,
};

use crate::support::{local, quota};

const THREADS: usize = 8;

/// Grants with the exact time of each: the clock stands still while one is decided.
type Log = Arc<Mutex<Vec<Instant>>>;

#[derive(Debug)]
struct StillClock {
    inner: ManualClock,
    log: Log,
}

impl Clock for StillClock {
    fn now(&self) -> Instant {
        self.inner.now()
    }
    fn sleep(&self, duration: Duration) -> Sleep {
        self.inner.sleep(duration)
    }
    fn block(&self, duration: Duration) {
        let _still = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        self.inner.block(duration);
    }
}

#[derive(Debug)]
struct Logged {
    inner: LocalLimiter,
    clock: ManualClock,
    log: Log,
}

#[async_trait]
impl Backend for Logged {
    fn scheme(&self) -> &str {
        "logged"
    }
}

#[async_trait]
impl LimiterBackend for Logged {
    fn try_acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict {
        let mut log = self.log.lock().unwrap();
        let verdict = self.inner.try_acquire(key, cost);
        if verdict == Verdict::Admitted {
            log.extend((0..cost.get()).map(|_| self.clock.now()));
        }
        verdict
    }
}

#[test]
fn eight_threads_together_keep_the_bound_in_every_window() {
    let period = Duration::from_millis(10);
    for burst in [1, 3, 16] {
        let manual = ManualClock::auto();
        let log = Log::default();
        let clock: Arc<dyn Clock> = Arc::new(StillClock {
            inner: manual.clone(),
            log: Arc::clone(&log),
        });
        let config = RateLimitConfig::new(quota(period, burst)).with_clock(clock);
        let options = LimiterOptions::new(config.quota, Arc::clone(&config.clock));
        let backend = Logged {
            inner: LocalLimiter::new(&options).unwrap(),
            clock: manual,
            log: Arc::clone(&log),
        };
        let limit = RateLimit::with_backend(Arc::new(backend), config).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..200 {
                        limit.acquire_sync(1).unwrap();
                    }
                });
            }
        });
        let starts = log.lock().unwrap();
        assert_eq!(starts.len(), THREADS * 200);
        for (first, from) in starts.iter().enumerate() {
            for (last, to) in starts.iter().enumerate().skip(first) {
                let allowed = u128::from(burst) + to.since(*from).as_nanos() / period.as_nanos();
                assert!((last - first + 1) as u128 <= allowed);
            }
        }
    }
}

#[test]
fn eight_threads_on_the_real_clock_never_get_more_than_the_quota() {
    let period = Duration::from_micros(50);
    let before = SystemClock.now();
    let limit = local(RateLimitConfig::new(quota(period, 10)));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..100).for_each(|_| limit.acquire_sync(1).unwrap()));
        }
    });
    let elapsed = SystemClock.now().since(before);
    let allowed = 10 + elapsed.as_nanos() / period.as_nanos();
    assert!((THREADS * 100) as u128 <= allowed, "{allowed}");
}

#[test]
fn blocked_threads_are_served_in_the_order_they_came() {
    let clock = ManualClock::new();
    let period = Duration::from_secs(1);
    let limit = local(RateLimitConfig::new(quota(period, 1)).with_clock(clock.clone()));
    let served = Mutex::new(Vec::new());
    limit.acquire_sync(1).unwrap();
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let (limit, served) = (&limit, &served);
            scope.spawn(move || {
                limit.acquire_sync(1).unwrap();
                served.lock().unwrap().push(number);
            });
            while limit.waiting() <= number {
                std::thread::yield_now();
            }
        }
        for number in 0..THREADS {
            // The head must be asleep before the time moves, else it would wait for another period.
            while clock.slept().len() <= number {
                std::thread::yield_now();
            }
            clock.advance(period);
            while served.lock().unwrap().len() <= number {
                std::thread::yield_now();
            }
        }
    });
    assert_eq!(*served.lock().unwrap(), (0..THREADS).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_on_several_workers_all_get_through() {
    let limit = Arc::new(local(RateLimitConfig::new(quota(
        Duration::from_micros(20),
        4,
    ))));
    let tasks: Vec<_> = (0..200)
        .map(|_| {
            let limit = Arc::clone(&limit);
            tokio::spawn(async move { limit.acquire(1).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(limit.waiting(), 0);
}

#[test]
fn threads_and_tasks_share_one_queue() {
    let clock = ManualClock::auto();
    let config = RateLimitConfig::new(quota(Duration::from_secs(1), 1)).with_clock(clock.clone());
    let limit = local(config);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| limit.acquire_sync(1).unwrap()));
            scope.spawn(|| {
                opero_core::block_on(async {
                    for _ in 0..50 {
                        limit.acquire(1).await.unwrap();
                    }
                });
            });
        }
    });
    assert_eq!(limit.waiting(), 0);
    // 400 permits, the first of them without a wait.
    assert!(clock.now() >= Instant::ORIGIN + Duration::from_secs(399));
}
