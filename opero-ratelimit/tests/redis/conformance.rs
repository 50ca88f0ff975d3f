use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use opero_core::{Backend, BackendUri, Key, ManualClock, async_trait};
use opero_ratelimit::{
    LimiterBackend, LimiterOptions, LocalLimiter, RedisLimiter, Verdict, conformance,
};
use opero_test_servers::RedisServer;

#[test]
fn the_local_limiter_keeps_every_promise_in_manual_and_in_real_time() {
    let open = |options: &LimiterOptions| {
        Ok(Arc::new(LocalLimiter::new(options)?) as Arc<dyn LimiterBackend>)
    };
    let report = conformance::check_on(Arc::new(ManualClock::auto()), open).unwrap();
    assert!(report.kept.len() >= 10);
    conformance::check(open).unwrap();
}

fn check_redis(settings: impl Fn(&LimiterOptions) -> &'static str + Sync) {
    let server = RedisServer::start().unwrap();
    conformance::check(|options| {
        let location = BackendUri::new(format!("{}{}", server.url(), settings(options)));
        Ok(Arc::new(RedisLimiter::new(&location, options)?))
    })
    .unwrap();
}

#[test]
fn the_redis_limiter_keeps_every_promise() {
    check_redis(|_| "");
}

#[test]
fn the_redis_limiter_keeps_every_promise_in_blocks() {
    // Without a burst there are none.
    check_redis(|options| match options.quota.burst.get() {
        ..4 => "",
        4.. => "?batch=auto",
    });
}

/// Gives out one permit too many now and then.
#[derive(Debug)]
struct Generous(LocalLimiter, AtomicU32);

impl Backend for Generous {
    fn scheme(&self) -> &str {
        "generous"
    }
}

#[async_trait]
impl LimiterBackend for Generous {
    fn try_acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict {
        match self.1.fetch_add(1, Ordering::SeqCst) % 10 {
            9 => Verdict::Admitted,
            _ => self.0.try_acquire(key, cost),
        }
    }
}

#[test]
fn a_backend_that_breaks_a_promise_is_told_which() {
    let broken = conformance::check_on(Arc::new(ManualClock::auto()), |options| {
        let inner = LocalLimiter::new(options)?;
        Ok(Arc::new(Generous(inner, AtomicU32::new(0))))
    })
    .unwrap_err();
    assert!(!broken.problem().is_empty());
    assert!(broken.to_string().contains(broken.promise()), "{broken}");
}
