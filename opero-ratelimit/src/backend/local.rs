//! The backend `local`: governor, on our clock.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{InsufficientCapacity, NotUntil, RateLimiter};
use opero_core::{Backend, BackendUri, Clock, ConfigError, Key, async_trait};

use super::keys::KeyStates;
use super::{LimiterBackend, Verdict};
use crate::{LimiterOptions, Quota, register_limiter};

type Governor<K, S> = RateLimiter<K, S, Reading, NoOpMiddleware<Nanos>>;

/// Counts the permits of this process: governor's generic cell rate algorithm.
///
/// Calls without a key draw from one lock-free limiter. Each key has its own; keys that have all their permits again
/// are forgotten, so memory follows the keys in use.
///
/// ```
/// use opero_core::{Key, ManualClock};
/// use opero_ratelimit::{LimiterBackend, LimiterOptions, LocalLimiter, Quota, Verdict};
/// use std::{num::NonZeroU32, sync::Arc, time::Duration};
///
/// let options = LimiterOptions::new(Quota::per_second(2.0)?, Arc::new(ManualClock::new()));
/// let limiter = LocalLimiter::new(&options)?;
/// let one = NonZeroU32::MIN;
/// assert_eq!(limiter.try_acquire(None, one), Verdict::Admitted);
/// assert_eq!(limiter.try_acquire(None, one), Verdict::Wait(Duration::from_millis(500)));
/// assert_eq!(limiter.try_acquire(Some(Key::of("anna")), one), Verdict::Admitted);
/// # Ok::<_, opero_core::ConfigError>(())
/// ```
pub struct LocalLimiter {
    all: Governor<NotKeyed, InMemoryState>,
    keyed: Governor<Key, KeyStates>,
    clock: Reading,
    quota: Quota,
}

impl LocalLimiter {
    /// A limiter with all its permits.
    ///
    /// # Errors
    /// Where the quota is not valid.
    pub fn new(options: &LimiterOptions) -> Result<Self, ConfigError> {
        let quota = governor_quota(options.quota)?;
        let clock = Reading::of(Arc::clone(&options.clock));
        let limiter = Self {
            all: RateLimiter::new(quota, InMemoryState::default(), clock.clone()),
            keyed: RateLimiter::new(quota, KeyStates::new(), clock.clone()),
            clock,
            quota: options.quota,
        };
        // Only now: governor counts from the reading at which a limiter is made.
        limiter.clock.forward(HEAD_START);
        Ok(limiter)
    }

    /// How many keys it remembers: those in use, and a few that will be forgotten by the next calls.
    pub fn keys(&self) -> usize {
        self.keyed.len()
    }

    fn verdict(&self, answer: Answer) -> Verdict {
        match answer {
            Ok(Ok(())) => Verdict::Admitted,
            Ok(Err(until)) => Verdict::Wait(until.wait_time_from(self.clock.now())),
            // The stage asks for no more than the burst; another caller that does waits for ever.
            Err(_) => Verdict::Wait(Duration::MAX),
        }
    }
}

type Answer = Result<Result<(), NotUntil<Nanos>>, InsufficientCapacity>;

#[async_trait]
impl Backend for LocalLimiter {
    fn scheme(&self) -> &str {
        "local"
    }
}

#[async_trait]
impl LimiterBackend for LocalLimiter {
    #[inline]
    fn try_acquire(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict {
        match self.check(key, cost) {
            Verdict::Wait(wait) if self.is_set_back(wait, cost) => self.begin_again(key, cost),
            verdict => verdict,
        }
    }
}

impl LocalLimiter {
    #[inline]
    fn check(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict {
        // One permit is the common cost, and governor's single check is the cheaper one.
        let answer = match (key, cost.get()) {
            (None, 1) => Ok(self.all.check()),
            (None, _) => self.all.check_n(cost),
            (Some(key), _) => self.keyed.check_key_n(&key, cost),
        };
        self.verdict(answer)
    }
}

impl LocalLimiter {
    /// Returns `true` if permits take that long only after a clock was set back. Less than a second may be a thread's delay
    /// between the clock and the limiter.
    #[inline]
    fn is_set_back(&self, wait: Duration, cost: NonZeroU32) -> bool {
        wait > self.longest(cost).saturating_add(SECOND) && cost <= self.quota.burst
    }

    /// The longest that permits take on a clock that never goes back.
    #[inline]
    fn longest(&self, cost: NonZeroU32) -> Duration {
        self.quota.period.saturating_mul(cost.get())
    }

    /// The permits were counted under another clock, such as the paused time of a runtime that is gone: what it says of the
    /// present means nothing under this one.
    #[cold]
    fn begin_again(&self, key: Option<Key>, cost: NonZeroU32) -> Verdict {
        // Asked once more, since a thread may have been held up for long.
        match self.check(key, cost) {
            Verdict::Wait(wait) if self.is_set_back(wait, cost) => {
                self.clock
                    .forward(wait.saturating_add(self.longest(self.quota.burst)));
                self.check(key, cost)
            }
            verdict => verdict,
        }
    }
}

impl fmt::Debug for LocalLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalLimiter")
            .field("keys", &self.keys())
            .finish_non_exhaustive()
    }
}

fn governor_quota(quota: Quota) -> Result<governor::Quota, ConfigError> {
    quota.validate()?;
    governor::Quota::with_period(quota.period)
        .map(|governor| governor.allow_burst(quota.burst))
        .ok_or_else(|| {
            ConfigError::new(
                "rate_limit",
                "leaves no time between two starts",
                "lower it",
            )
        })
}

/// Our clock as governor reads it: nanoseconds since [`HEAD_START`] before the limiter was made.
#[derive(Clone)]
struct Reading {
    clock: Arc<dyn Clock>,
    /// What is added to the clock's own count, wrapping.
    shift: Arc<AtomicU64>,
}

/// 146 years; with a quota's at most 73 it stays clear of governor's overflows.
const LATEST: u64 = 1 << 62;

/// So far a clock may be set back without being read as zero: 36 years.
const HEAD_START: Duration = Duration::from_nanos(1 << 60);

const SECOND: Duration = Duration::from_secs(1);

impl Reading {
    fn of(clock: Arc<dyn Clock>) -> Self {
        let origin = clock.now().as_nanos();
        let shift = Arc::new(AtomicU64::new(origin.wrapping_neg()));
        Self { clock, shift }
    }

    /// Counts from now on as if so much time had passed.
    fn forward(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(LATEST);
        self.shift.fetch_add(nanos.min(LATEST), Ordering::Relaxed);
    }
}

impl GovernorClock for Reading {
    type Instant = Nanos;

    #[inline]
    fn now(&self) -> Nanos {
        let shift = self.shift.load(Ordering::Relaxed);
        let nanos = self.clock.now().as_nanos().wrapping_add(shift);
        Nanos::from(nanos.min(LATEST))
    }
}

fn open(
    location: &BackendUri,
    options: &LimiterOptions,
) -> Result<Arc<dyn LimiterBackend>, ConfigError> {
    if !location.rest().is_empty() {
        return Err(ConfigError::new(
            "rate_backend",
            "puts something behind `local`, which takes nothing",
            "write just `local`",
        ));
    }
    Ok(Arc::new(LocalLimiter::new(options)?))
}

register_limiter!("local", open);
