//! The parameters of a pipeline, with the names and defaults of the attributes.

#[cfg(feature = "config")]
mod parse;
mod values;

#[cfg(any(feature = "cache", feature = "retry", feature = "ratelimit"))]
pub(crate) use values::optional;
pub use values::{Rate, Time};

/// Every parameter of a pipeline that is a plain value. Predicates are given to the builder or to the attribute.
///
/// Values are kept as they were written and checked when the pipeline is built, so that an error can name them.
///
/// ```
/// use opero::PipelineConfig;
///
/// let config = PipelineConfig { retries: 5, min_delay: "50ms".into(), ..PipelineConfig::default() };
/// assert!(config.validate().is_ok());
/// ```
#[derive(Clone, PartialEq)]
pub struct PipelineConfig {
    /// Look the result up first; only `Ok` is kept, errors never.
    pub cache: bool,
    /// How long an entry lives; `"forever"` for no expiry.
    pub cache_ttl: Time,
    /// How long past `cache_ttl` an entry may still serve: to the callers that come while one refreshes it, and when the
    /// closure fails. A closure cannot be called again on its own, so the caller that finds it stale waits; only the
    /// attribute refreshes in the background.
    pub cache_stale: Option<Time>,
    /// The last part of `cache_ttl`, in which an entry serves and one caller refreshes it early, and waits for that.
    pub cache_refresh: Option<Time>,
    /// A registered cache backend's name or URL.
    pub cache_backend: String,
    /// The first part of every key.
    pub cache_namespace: String,
    /// Entries that are kept, in memory or on a disk, the least valuable evicted. A redis server has its own bound.
    pub cache_capacity: u64,
    /// Further attempts after the first.
    pub retries: u32,
    /// Growth of the delay.
    pub backoff_factor: f64,
    /// The first delay.
    pub min_delay: Time,
    /// The cap of the delays, jitter included.
    pub max_delay: Time,
    /// Full jitter between `min_delay` and the computed delay, or half of `min_delay` above it where that is more.
    pub jitter: bool,
    /// No new attempt starts past it, and no delay overshoots it. An attempt that is under way runs on.
    pub max_elapsed: Option<Time>,
    /// One attempt's time; for async functions.
    pub attempt_timeout: Option<Time>,
    /// Starts per second, or a text such as `"100/min"`.
    pub rate_limit: Option<Rate>,
    /// Starts that may come at once.
    pub rate_burst: u32,
    /// A registered limiter backend's name or URL.
    pub rate_backend: String,
    /// Give up with an error instead of waiting longer for a permit.
    pub rate_max_wait: Option<Time>,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            cache: true,
            cache_ttl: Time::Seconds(3_600.0),
            cache_stale: None,
            cache_refresh: None,
            cache_backend: "memory".to_owned(),
            cache_namespace: "opero".to_owned(),
            cache_capacity: 10_000,
            retries: 3,
            backoff_factor: 1.5,
            min_delay: Time::Seconds(0.1),
            max_delay: Time::Seconds(30.0),
            jitter: true,
            max_elapsed: None,
            attempt_timeout: None,
            rate_limit: None,
            rate_burst: 1,
            rate_backend: "local".to_owned(),
            rate_max_wait: None,
        }
    }
}

impl PipelineConfig {
    /// Checks every value, without opening anything.
    ///
    /// # Errors
    /// The first value that is wrong, by the parameter's name, with the way out.
    pub fn validate(&self) -> Result<(), opero_core::ConfigError> {
        crate::mechanism::cache::validate(self)?;
        crate::mechanism::retry::validate(self)?;
        crate::mechanism::ratelimit::validate(self)
    }
}

impl std::fmt::Debug for PipelineConfig {
    /// Backends' URLs without user, password and query.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let location = |text: &str| opero_core::BackendUri::new(text);
        f.debug_struct("PipelineConfig")
            .field("cache", &self.cache)
            .field("cache_ttl", &self.cache_ttl)
            .field("cache_stale", &self.cache_stale)
            .field("cache_refresh", &self.cache_refresh)
            .field("cache_backend", &location(&self.cache_backend))
            .field("cache_namespace", &self.cache_namespace)
            .field("cache_capacity", &self.cache_capacity)
            .field("retries", &self.retries)
            .field("backoff_factor", &self.backoff_factor)
            .field("min_delay", &self.min_delay)
            .field("max_delay", &self.max_delay)
            .field("jitter", &self.jitter)
            .field("max_elapsed", &self.max_elapsed)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("rate_limit", &self.rate_limit)
            .field("rate_burst", &self.rate_burst)
            .field("rate_backend", &location(&self.rate_backend))
            .field("rate_max_wait", &self.rate_max_wait)
            .finish()
    }
}
