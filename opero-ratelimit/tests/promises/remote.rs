use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use opero_core::{
    Backend, BackendError, Context, Event, Key, ManualClock, RejectedKind, Stage, WaitMode,
    async_trait, operation,
};
use opero_ratelimit::{
    LimiterBackend, LimiterOptions, LocalLimiter, RateLimit, RateLimitConfig, Verdict,
};

use crate::support::{call, poll, quota};

const SECOND: Duration = Duration::from_secs(1);

/// A limiter that has to be asked: its answer takes one more poll, or never comes.
#[derive(Debug)]
struct Remote {
    server: LocalLimiter,
    down: AtomicBool,
    shared: bool,
}

#[async_trait]
impl Backend for Remote {
    fn scheme(&self) -> &str {
        "remote"
    }
}

#[async_trait]
impl LimiterBackend for Remote {
    fn try_acquire(&self, _: Option<Key>, _: NonZeroU32) -> Verdict {
        Verdict::NeedsAsync
    }

    async fn acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Result<Verdict, BackendError> {
        let mut asked = false;
        std::future::poll_fn(|cx| {
            if std::mem::replace(&mut asked, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        if self.down.load(Ordering::SeqCst) {
            return Err(BackendError::new("connection refused"));
        }
        Ok(self.server.try_acquire(key, cost))
    }

    fn shared(&self) -> bool {
        self.shared
    }
}

fn remote(clock: &ManualClock, max_wait: Option<Duration>) -> (RateLimit, Arc<Remote>) {
    let mut config = RateLimitConfig::new(quota(SECOND, 1)).with_clock(clock.clone());
    config.max_wait = max_wait;
    let options = LimiterOptions::new(config.quota, Arc::clone(&config.clock));
    let backend = Arc::new(Remote {
        server: LocalLimiter::new(&options).unwrap(),
        down: AtomicBool::new(false),
        shared: false,
    });
    let limit = RateLimit::with_backend(backend.clone(), config).unwrap();
    (limit, backend)
}

#[test]
fn waiters_of_a_remote_limiter_keep_their_order() {
    let clock = ManualClock::new();
    let (limit, _) = remote(&clock, None);
    let mut calls: Vec<_> = (0..4)
        .map(|id| (id, call(&limit, &clock, None, 1)))
        .collect();
    let mut served = Vec::new();
    for _ in 0..40 {
        calls.retain_mut(|(id, call)| match poll(call.as_mut()) {
            Poll::Ready(result) => {
                result.unwrap();
                served.push(*id);
                false
            }
            Poll::Pending => true,
        });
        clock.advance(SECOND / 4);
    }
    assert_eq!(served, [0, 1, 2, 3]);
}

#[test]
fn a_request_dropped_under_way_leaves_nothing_behind() {
    for polls in 0..6 {
        let clock = ManualClock::new();
        let (limit, _) = remote(&clock, None);
        opero_core::block_on(limit.acquire(1)).unwrap();
        let mut dropped = call(&limit, &clock, None, 1);
        let mut next = call(&limit, &clock, None, 1);
        for _ in 0..polls {
            assert!(poll(dropped.as_mut()).is_pending());
        }
        assert!(poll(next.as_mut()).is_pending());
        drop(dropped);
        let mut started = false;
        for _ in 0..10 {
            clock.advance(SECOND);
            started = started || poll(next.as_mut()).is_ready();
            if started {
                break;
            }
        }
        assert!(started, "{polls}");
        assert_eq!((limit.waiting(), clock.sleepers()), (0, 0));
    }
}

#[test]
fn a_wait_that_only_the_server_knows_is_rejected_with_its_first_answer() {
    let clock = ManualClock::new();
    let (limit, _) = remote(&clock, Some(SECOND / 2));
    limit.acquire_sync(1).unwrap();
    let rejected = limit.acquire_sync(1).unwrap_err();
    assert!(
        matches!(rejected.kind(), RejectedKind::RateWait { needed, limit }
        if (*needed, *limit) == (SECOND, SECOND / 2))
    );
    assert!(clock.slept().is_empty());
}

#[test]
fn the_limit_ends_a_wait_whose_turns_other_processes_take() {
    let clock = ManualClock::new();
    let (limit, server) = remote(&clock, Some(2 * SECOND));
    limit.acquire_sync(1).unwrap();
    let mut call = call(&limit, &clock, None, 1);
    for _ in 0..3 {
        assert!(poll(call.as_mut()).is_pending());
    }
    for _ in 0..2 {
        clock.advance(SECOND);
        let stolen = server.server.try_acquire(None, NonZeroU32::MIN);
        assert_eq!(stolen, Verdict::Admitted);
        let _ = poll(call.as_mut());
        if let Poll::Ready(result) = poll(call.as_mut()) {
            let rejected = result.unwrap_err();
            assert!(matches!(rejected.kind(), RejectedKind::RateWait { .. }));
            return;
        }
    }
    panic!("it waits for ever");
}

#[test]
fn an_unreachable_limiter_rejects_or_lets_pass_and_says_so() {
    let clock = ManualClock::new();
    let events = Mutex::new(Vec::new());
    let observer = |_: &str, event: &Event<'_>| events.lock().unwrap().push(event.name());
    let cx = Context::new(&clock, WaitMode::Blocking).with_observer(&observer);
    let run = |limit: &RateLimit| {
        let operation = operation(|_| async { Ok::<_, ()>(7) });
        let call = limit.call(&cx, opero_core::Attempt::FIRST, &operation);
        opero_core::block_on(call)
    };
    let (limit, server) = remote(&clock, None);
    server.down.store(true, Ordering::SeqCst);

    let error = run(&limit).unwrap_err();
    assert_eq!(
        error.rejection().unwrap().to_string(),
        "the rate limiter did not answer: connection refused"
    );
    assert_eq!(*events.lock().unwrap(), ["limiter_unavailable", "rejected"]);

    events.lock().unwrap().clear();
    assert_eq!(run(&limit.fail_open()).unwrap(), 7);
    assert_eq!(*events.lock().unwrap(), ["limiter_unavailable"]);
}

fn shared_limit() -> Result<RateLimit, opero_core::ConfigError> {
    let config = RateLimitConfig::new(quota(SECOND, 1)).with_clock(ManualClock::new());
    let options = LimiterOptions::new(config.quota, Arc::clone(&config.clock));
    let backend = Remote {
        server: LocalLimiter::new(&options)?,
        down: AtomicBool::new(false),
        shared: true,
    };
    RateLimit::with_backend(Arc::new(backend), config)
}

#[test]
#[cfg(not(feature = "shared"))]
fn a_shared_limiter_without_keys_that_all_understand_is_not_opened() {
    assert_eq!(
        shared_limit().unwrap_err().to_string(),
        "`rate_backend` is shared with other processes, and keys that mean the same there are not compiled in: enable the feature `shared` of opero-ratelimit"
    );
}

#[test]
#[cfg(feature = "shared")]
fn a_shared_limiter_is_asked_with_keys_that_all_understand() {
    let limit = shared_limit().unwrap();
    let blocking = Context::blocking();
    let stable = operation(|_| async { Ok::<_, ()>(()) }).with_stable_rate_key("anna");
    let only_here = operation(|_| async { Ok::<_, ()>(()) }).with_rate_key("anna");
    let first = opero_core::Attempt::FIRST;
    opero_core::block_on(limit.call(&blocking, first, &stable)).unwrap();
    let error = opero_core::block_on(limit.call(&blocking, first, &only_here)).unwrap_err();
    assert!(
        matches!(error.rejection().unwrap().kind(), RejectedKind::Config(error) if error.parameter() == "rate_key")
    );
}

/// Its key has no hash for this process.
#[cfg(feature = "shared")]
struct OnlyBytes(u8);

#[cfg(feature = "shared")]
impl opero_core::Operation<(), ()> for OnlyBytes {
    async fn attempt(
        &self,
        _: &Context<'_>,
        _: opero_core::Attempt,
    ) -> Result<(), opero_core::Error<()>> {
        Ok(())
    }

    fn arguments(&self) -> &dyn opero_core::Arguments {
        self
    }
}

#[cfg(feature = "shared")]
impl opero_core::Arguments for OnlyBytes {
    fn stable_rate_key(
        &self,
        _: opero_core::Attempt,
        out: &mut opero_core::KeyBytes,
    ) -> Option<Result<(), opero_core::CodecError>> {
        out.push(&[self.0]);
        Some(Ok(()))
    }
}

#[test]
#[cfg(feature = "shared")]
fn a_key_that_is_only_bytes_is_a_key() {
    let limit = shared_limit().unwrap();
    let cx = Context::system();
    for key in [1, 2] {
        let mut call = Box::pin(limit.call(&cx, opero_core::Attempt::FIRST, OnlyBytes(key)));
        // The answer takes one more poll; were the two one limiter, the second call would wait longer.
        assert!(poll(call.as_mut()).is_pending());
        assert!(poll(call.as_mut()).is_ready());
    }
}
