use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opero_core::{BackendUri, Clock, ConfigError, SystemClock, registry};

use crate::queue::Queues;
use crate::shared::SharedKeys;
use crate::{LimiterBackend, LimiterOptions, LimiterRegistration, Quota};

/// Lets executions start no more often than its quota allows; the others wait in the order they came.
///
/// Each execution takes its own permits: a retry or a fallback value inside this stage's call is another execution.
/// Calls with a [`rate_key`](opero_core::Arguments::rate_key) draw from one limiter for each key. Callers wait on the
/// limiter's own clock, in the way of their call: async ones yield, synchronous ones block their thread.
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
    pub(crate) backend: Arc<dyn LimiterBackend>,
    pub(crate) queues: Queues,
    pub(crate) quota: Quota,
    pub(crate) max_wait: Option<Duration>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) fail_open: bool,
    /// The name in events of permits without a function.
    pub(crate) name: Arc<str>,
    /// Where the backend counts for other processes too.
    pub(crate) shared: Option<SharedKeys>,
}

/// What a [`RateLimit`] is made of.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RateLimitConfig {
    /// How often executions may start: `rate_limit` and `rate_burst`.
    pub quota: Quota,
    /// The longest wait for a permit; a call that would wait longer is rejected at once: `rate_max_wait`.
    pub max_wait: Option<Duration>,
    /// The clock that the limiter and its waiters go by.
    pub clock: Arc<dyn Clock>,
    /// Keeps programs apart that share a limiter's server: `cache_namespace`.
    pub namespace: Arc<str>,
    /// The function that is limited, as other processes call it too, and the name in events of permits
    /// [without a function](RateLimit::acquire); empty where none is named.
    pub function: Arc<str>,
}

impl RateLimitConfig {
    /// That quota, waits of any length, and the system's clock, in the namespace `opero`.
    pub fn new(quota: Quota) -> Self {
        Self {
            quota,
            max_wait: None,
            clock: Arc::new(SystemClock),
            namespace: "opero".into(),
            function: "".into(),
        }
    }

    /// Rejects calls that would wait longer than this.
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

    /// In another namespace.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<Arc<str>>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// For that function: what a limiter shared with other processes is known by there.
    #[must_use]
    pub fn with_function(mut self, function: impl Into<Arc<str>>) -> Self {
        self.function = function.into();
        self
    }
}

impl RateLimit {
    /// A limiter of the backend that `location` names.
    ///
    /// # Errors
    /// Where the quota is not valid, or no backend has that name; the error names the parameter.
    pub fn open(location: &BackendUri, config: RateLimitConfig) -> Result<Self, ConfigError> {
        config.quota.validate()?;
        let registration = registry::find::<LimiterRegistration>(location)?;
        let options = LimiterOptions {
            quota: config.quota,
            clock: Arc::clone(&config.clock),
            namespace: Arc::clone(&config.namespace),
            function: Arc::clone(&config.function),
        };
        let backend = (registration.open)(location, &options)?;
        Self::with_backend(backend, config)
    }

    /// A limiter on a backend that is open already. It must have been opened with the same quota.
    ///
    /// # Errors
    /// Where the quota is not valid, or the backend is [shared](LimiterBackend::shared) and the feature `shared` is off.
    pub fn with_backend(
        backend: Arc<dyn LimiterBackend>,
        config: RateLimitConfig,
    ) -> Result<Self, ConfigError> {
        config.quota.validate()?;
        let shared = match backend.shared() {
            true => Some(SharedKeys::open(&config.namespace)?),
            false => None,
        };
        Ok(Self {
            backend,
            queues: Queues::new(config.quota),
            quota: config.quota,
            max_wait: config.max_wait,
            clock: config.clock,
            fail_open: false,
            name: config.function,
            shared,
        })
    }

    /// A limiter within this process.
    ///
    /// # Errors
    /// Where the quota is not valid.
    #[cfg(feature = "local")]
    pub fn new(quota: Quota) -> Result<Self, ConfigError> {
        Self::open(&BackendUri::new("local"), RateLimitConfig::new(quota))
    }

    /// A limiter within this process, of that many starts per second.
    ///
    /// # Errors
    /// Where `rate` is not a finite number above zero, or out of range.
    #[cfg(feature = "local")]
    pub fn per_second(rate: f64) -> Result<Self, ConfigError> {
        Self::new(Quota::per_second(rate)?)
    }

    /// Lets calls pass while the backend does not answer. Without it they are rejected, since only that keeps the
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
