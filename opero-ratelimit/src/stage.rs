use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use opero_core::{
    Attempt, BackendError, Clock, ConfigError, Context, Error, Event, Key, Location, Operation,
    Refused, RefusedKind, Stage, SystemClock, registry,
};

use crate::policy::Patience;
use crate::queue::{Queues, Request};
use crate::{LimiterBackend, LimiterOptions, LimiterRegistration, Quota, Verdict};

/// Lets executions start no more often than its quota allows; the others wait in the order they came.
///
/// Each execution takes its own permits: a retry or a fallback value inside this stage's call is another execution.
/// Calls with a [`rate_key`](Operation::rate_key) draw from one limiter for each key. Callers wait on the limiter's own
/// clock, in the way of their call: async ones yield, synchronous ones block their thread.
///
/// A call that is dropped while it waits leaves its place, and its permits stay for those behind it.
///
/// ```
/// use opero_core::Stage;
/// use opero_ratelimit::RateLimit;
///
/// let limit = RateLimit::per_second(1_000.0)?;
/// for n in 0..3 {
///     let doubled = limit.run_sync(|_| Ok::<_, std::io::Error>(2 * n)).unwrap();
///     assert_eq!(doubled, 2 * n);
/// }
/// # Ok::<_, opero_core::ConfigError>(())
/// ```
pub struct RateLimit {
    backend: Arc<dyn LimiterBackend>,
    queues: Queues,
    quota: Quota,
    max_wait: Option<Duration>,
    clock: Arc<dyn Clock>,
    fail_open: bool,
}

/// What a [`RateLimit`] is made of.
#[derive(Debug, Clone)]
pub struct RateLimitConfig {
    /// How often executions may start: `rate_limit` and `rate_burst`.
    pub quota: Quota,
    /// The longest wait for a permit; a call that would wait longer is refused at once: `rate_max_wait`.
    pub max_wait: Option<Duration>,
    /// The clock that the limiter and its waiters go by.
    pub clock: Arc<dyn Clock>,
}

impl RateLimitConfig {
    /// That quota, waits of any length, and the system's clock.
    pub fn new(quota: Quota) -> Self {
        Self {
            quota,
            max_wait: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Refuses calls that would wait longer than this.
    #[must_use]
    pub fn with_max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = Some(max_wait);
        self
    }

    /// Goes by another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl RateLimit {
    /// A limiter of the backend that `location` names.
    ///
    /// # Errors
    /// Where the quota is not valid, or no backend has that name; the error names the parameter.
    pub fn open(location: &Location, config: RateLimitConfig) -> Result<Self, ConfigError> {
        config.quota.validate()?;
        let registration = registry::find::<LimiterRegistration>(location)?;
        let options = LimiterOptions {
            quota: config.quota,
            clock: Arc::clone(&config.clock),
        };
        let backend = (registration.open)(location, &options)?;
        Self::with_backend(backend, config)
    }

    /// A limiter on a backend that is open already. It must have been opened with the same quota.
    ///
    /// # Errors
    /// Where the quota is not valid.
    pub fn with_backend(
        backend: Arc<dyn LimiterBackend>,
        config: RateLimitConfig,
    ) -> Result<Self, ConfigError> {
        config.quota.validate()?;
        Ok(Self {
            backend,
            queues: Queues::new(config.quota),
            quota: config.quota,
            max_wait: config.max_wait,
            clock: config.clock,
            fail_open: false,
        })
    }

    /// A limiter within this process.
    ///
    /// # Errors
    /// Where the quota is not valid.
    #[cfg(feature = "local")]
    pub fn new(quota: Quota) -> Result<Self, ConfigError> {
        Self::open(&Location::new("local"), RateLimitConfig::new(quota))
    }

    /// A limiter within this process, of that many starts per second.
    ///
    /// # Errors
    /// Where `rate` is not a finite number above zero, or out of range.
    #[cfg(feature = "local")]
    pub fn per_second(rate: f64) -> Result<Self, ConfigError> {
        Self::new(Quota::per_second(rate)?)
    }

    /// Lets calls pass while the backend does not answer. Without it they are refused, since only that keeps the
    /// quota.
    #[must_use]
    pub fn fail_open(mut self) -> Self {
        self.fail_open = true;
        self
    }

    /// How often executions may start.
    pub fn quota(&self) -> Quota {
        self.quota
    }

    /// How many calls wait for permits now, over all keys.
    pub fn waiting(&self) -> usize {
        self.queues.len()
    }

    /// What counts the permits.
    pub fn backend(&self) -> &Arc<dyn LimiterBackend> {
        &self.backend
    }

    /// Waits for `cost` permits, and tells the observers where that was more than a glance.
    #[inline]
    pub(crate) async fn permit(
        &self,
        cx: &Context<'_>,
        key: Option<Key>,
        cost: u32,
    ) -> Result<(), Refused> {
        let Some(cost) = NonZeroU32::new(cost) else {
            return Ok(());
        };
        let burst = self.quota.burst;
        let at_once = cost <= burst
            && self.queues.is_empty()
            && self.backend.try_acquire(key, cost) == Verdict::Admitted;
        if at_once {
            return Ok(());
        }
        // Boxed, so that calls that need not wait are not as large as those that do.
        match Box::pin(self.queue_up(cx, key, cost)).await {
            Ok(waited) => {
                if !waited.is_zero() {
                    cx.emit(Event::PermitWaited { waited });
                }
                Ok(())
            }
            Err(kind) => {
                cx.emit(Event::Refused { kind: &kind });
                Err(kind.into())
            }
        }
    }

    /// The slow path; returns the time spent in the queue.
    async fn queue_up(
        &self,
        cx: &Context<'_>,
        key: Option<Key>,
        cost: NonZeroU32,
    ) -> Result<Duration, RefusedKind> {
        let burst = self.quota.burst.get();
        if cost.get() > burst {
            let cost = cost.get();
            return Err(RefusedKind::RateCost { cost, burst });
        }
        let arrived = self.clock.now();
        let mut told = None;
        if !self.queues.occupied(key) {
            match self.ask(cx, key, cost).await? {
                Some(wait) => told = Some(wait),
                None => return Ok(Duration::ZERO),
            }
        }
        let request = Request {
            key,
            cost: cost.get(),
            now: self.clock.now(),
            max_wait: self.max_wait,
            told,
        };
        let place = self.queues.join(&request).map_err(|needed| {
            let limit = self.max_wait.unwrap_or(Duration::MAX);
            RefusedKind::RateWait { needed, limit }
        })?;
        place.turn().await;
        // What the limiter said on arrival is out of date for whoever had others ahead.
        let mut told = told.filter(|_| place.foremost());
        let mut patience = Patience::new(self.max_wait, place.forecast_known());
        loop {
            let answer = match told.take() {
                Some(wait) => Some(wait),
                None => self.ask(cx, key, cost).await?,
            };
            let now = self.clock.now();
            let waited = now.since(arrived);
            let Some(wait) = answer else {
                place.admitted(now);
                return Ok(waited);
            };
            patience.bear(waited, wait)?;
            place.put_off(now, wait);
            // On the limiter's own clock: only that one says when the permits are there.
            let own = Context::new(&*self.clock, cx.waiting());
            own.sleep(wait.min(LONGEST_SLEEP)).await;
        }
    }

    /// Asks the backend for permits. `None`: they are taken; otherwise how long they take.
    async fn ask(
        &self,
        cx: &Context<'_>,
        key: Option<Key>,
        cost: NonZeroU32,
    ) -> Result<Option<Duration>, RefusedKind> {
        let verdict = match self.backend.try_acquire(key, cost) {
            Verdict::Ask => self.backend.acquire(key, cost).await,
            known => Ok(known),
        };
        match verdict {
            Ok(Verdict::Admitted) => Ok(None),
            Ok(Verdict::Wait(wait)) => Ok(Some(wait)),
            Ok(Verdict::Ask) => self.unavailable(cx, &BackendError::new("it gave no answer")),
            Err(error) => self.unavailable(cx, &error),
        }
    }

    #[cold]
    fn unavailable(
        &self,
        cx: &Context<'_>,
        error: &BackendError,
    ) -> Result<Option<Duration>, RefusedKind> {
        let reason = error.message();
        cx.emit(Event::LimiterUnavailable {
            backend: self.backend.scheme(),
            reason,
        });
        if self.fail_open {
            return Ok(None);
        }
        Err(RefusedKind::RateBackend {
            reason: reason.to_owned(),
        })
    }
}

/// Timers overflow on waits of centuries; who sleeps this long asks again.
const LONGEST_SLEEP: Duration = Duration::from_secs(86_400);

impl<T: Send, E: Send> Stage<T, E> for RateLimit {
    #[inline]
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: &N,
    ) -> Result<T, Error<E>> {
        match self.permit(cx, next.rate_key(), next.cost()).await {
            Ok(()) => next.attempt(cx, attempt).await,
            Err(refused) => Err(Error::refused(refused)),
        }
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("quota", &self.quota)
            .field("max_wait", &self.max_wait)
            .field("backend", &self.backend)
            .field("queues", &self.queues)
            .finish_non_exhaustive()
    }
}
