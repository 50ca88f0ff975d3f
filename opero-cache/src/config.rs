use std::sync::Arc;
use std::time::Duration;

use opero_core::ConfigError;

/// The configuration of a [`Cache`](crate::Cache).
///
/// ```
/// use opero_cache::CacheConfig;
/// use std::time::Duration;
///
/// let config = CacheConfig::default().with_ttl(Some(Duration::from_secs(60))).with_capacity(500);
/// assert!(config.validate().is_ok());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CacheConfig {
    /// How long an entry lives (`cache_ttl`); `None`: for ever.
    pub ttl: Option<Duration>,
    /// Entries kept in memory (`cache_capacity`).
    pub capacity: u64,
    /// The first part of every key (`cache_namespace`).
    pub namespace: Arc<str>,
    /// The name of the cached function.
    pub function: Arc<str>,
    /// How long a call waits for each answer of the backend, unless the backend limits that itself, as redis does. Clearing
    /// may take sixty times as long.
    pub backend_timeout: Duration,
    /// How long past its time to live an entry may still serve, while it is refreshed (`cache_stale`); `None`: not at all.
    pub stale: Option<Duration>,
    /// The last part of the time to live, in which an entry serves and one call refreshes it (`cache_refresh`).
    pub refresh: Option<Duration>,
    /// In a cache of two tiers, how long L1 serves an entry without a lookup in L2 (`l1_ttl` in the URL). For that long it may
    /// miss what another process changed there.
    pub l1_ttl: Duration,
}

impl Default for CacheConfig {
    /// An hour, 10,000 entries, the namespace `opero`, a second for the backend; nothing stale, no early refresh; a minute
    /// in L1.
    fn default() -> Self {
        Self {
            ttl: Some(Duration::from_secs(3_600)),
            capacity: 10_000,
            namespace: "opero".into(),
            function: "".into(),
            backend_timeout: Duration::from_secs(1),
            stale: None,
            refresh: None,
            l1_ttl: Duration::from_secs(60),
        }
    }
}

impl CacheConfig {
    /// Changes how long an entry lives; `None`: for ever.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Option<Duration>) -> Self {
        self.ttl = ttl;
        self
    }

    /// Changes how many entries are kept in memory.
    #[must_use]
    pub fn with_capacity(mut self, capacity: u64) -> Self {
        self.capacity = capacity;
        self
    }

    /// Changes the first part of every key.
    #[must_use]
    pub fn with_namespace(mut self, namespace: &str) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Names the cached function.
    #[must_use]
    pub fn with_function(mut self, function: &str) -> Self {
        self.function = function.into();
        self
    }

    /// Changes how long a call waits for each answer of the backend.
    #[must_use]
    pub fn with_backend_timeout(mut self, timeout: Duration) -> Self {
        self.backend_timeout = timeout;
        self
    }

    /// Lets an entry serve that long past its time to live, while it is refreshed.
    #[must_use]
    pub fn with_stale(mut self, stale: Option<Duration>) -> Self {
        self.stale = stale;
        self
    }

    /// Has an entry refreshed by one call in the last part of its time to live.
    #[must_use]
    pub fn with_refresh(mut self, refresh: Option<Duration>) -> Self {
        self.refresh = refresh;
        self
    }

    /// Changes how long L1 serves an entry without a lookup in L2.
    #[must_use]
    pub fn with_l1_ttl(mut self, l1_ttl: Duration) -> Self {
        self.l1_ttl = l1_ttl;
        self
    }

    /// Returns the part that a backend needs.
    pub(crate) fn options(&self) -> CacheOptions {
        CacheOptions {
            capacity: self.capacity,
            namespace: Arc::clone(&self.namespace),
            function: Arc::clone(&self.function),
        }
    }

    /// Checks every value.
    ///
    /// # Errors
    /// Names the parameter as the attribute spells it.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.ttl.is_some_and(|ttl| ttl.is_zero()) {
            return Err(ConfigError::new(
                "cache_ttl",
                "is zero, so nothing would ever be kept",
                "give a time above zero, \"forever\", or `cache = false`",
            ));
        }
        self.validate_refresh()?;
        if self.capacity == 0 {
            return Err(ConfigError::new(
                "cache_capacity",
                "is zero, so nothing would ever be kept",
                "give at least 1, or `cache = false`",
            ));
        }
        if self.namespace.is_empty() {
            return Err(ConfigError::new(
                "cache_namespace",
                "is empty",
                "give it a name; the default is \"opero\"",
            ));
        }
        Ok(())
    }

    fn validate_refresh(&self) -> Result<(), ConfigError> {
        let given = [("cache_stale", self.stale), ("cache_refresh", self.refresh)];
        for (parameter, time) in given {
            if time.is_some() && self.ttl.is_none() {
                return Err(ConfigError::new(
                    parameter,
                    "is set for entries that never expire",
                    "give `cache_ttl` a time, or remove it",
                ));
            }
        }
        match self.refresh.zip(self.ttl) {
            Some((refresh, ttl)) if refresh >= ttl => Err(ConfigError::new(
                "cache_refresh",
                "is no part of `cache_ttl`, so every call would refresh",
                "make it shorter than `cache_ttl`",
            )),
            _ => Ok(()),
        }
    }
}

/// What a backend needs to know when it is opened for a function.
///
/// ```
/// use opero_cache::CacheOptions;
///
/// let options = CacheOptions::default().with_namespace("shop").with_function("shop::price");
/// assert_eq!(options.capacity, 10_000);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CacheOptions {
    /// Entries kept (`cache_capacity`).
    pub capacity: u64,
    /// The first part of every key (`cache_namespace`).
    pub namespace: Arc<str>,
    /// The name of the cached function.
    pub function: Arc<str>,
}

impl Default for CacheOptions {
    /// 10,000 entries, the namespace `opero`, a function without a name.
    fn default() -> Self {
        CacheConfig::default().options()
    }
}

impl CacheOptions {
    /// Changes how many entries are kept.
    #[must_use]
    pub fn with_capacity(mut self, capacity: u64) -> Self {
        self.capacity = capacity;
        self
    }

    /// Changes the first part of every key.
    #[must_use]
    pub fn with_namespace(mut self, namespace: &str) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Names the cached function.
    #[must_use]
    pub fn with_function(mut self, function: &str) -> Self {
        self.function = function.into();
        self
    }
}
