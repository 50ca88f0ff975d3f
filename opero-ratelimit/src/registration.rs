//! Backends by name.

use std::fmt;
use std::sync::{Arc, Mutex};

use opero_core::registry::Registration;
use opero_core::{BackendUri, Clock, ConfigError};

use crate::{LimiterBackend, Quota};

/// What a backend needs to know when it is opened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LimiterOptions {
    /// How often calls may start; validated.
    pub quota: Quota,
    /// The pipeline's clock. A backend with a clock of its own, such as a server, keeps to that one.
    pub clock: Arc<dyn Clock>,
    /// Keeps programs apart that share a server: `cache_namespace`.
    pub namespace: Arc<str>,
    /// The function whose calls are limited; empty where none is named.
    pub function: Arc<str>,
}

impl LimiterOptions {
    /// That quota, on that clock, in the namespace `opero` and for no function in particular.
    pub fn new(quota: Quota, clock: Arc<dyn Clock>) -> Self {
        Self {
            quota,
            clock,
            namespace: "opero".into(),
            function: "".into(),
        }
    }

    /// In another namespace.
    #[must_use]
    pub fn with_namespace(mut self, namespace: impl Into<Arc<str>>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// For calls of that function.
    #[must_use]
    pub fn with_function(mut self, function: impl Into<Arc<str>>) -> Self {
        self.function = function.into();
        self
    }
}

/// Opens a backend.
pub type OpenLimiter =
    fn(&BackendUri, &LimiterOptions) -> Result<Arc<dyn LimiterBackend>, ConfigError>;

/// The registration of one backend: see [`register_limiter!`](crate::register_limiter).
pub struct LimiterRegistration {
    /// The name that users write in `rate_backend`.
    pub scheme: &'static str,
    /// Opens the backend at a location of that scheme.
    pub open: OpenLimiter,
}

impl LimiterRegistration {
    /// A registration of that name.
    pub const fn new(scheme: &'static str, open: OpenLimiter) -> Self {
        Self { scheme, open }
    }
}

impl fmt::Debug for LimiterRegistration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimiterRegistration")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

opero_core::inventory::collect!(LimiterRegistration);

impl Registration for LimiterRegistration {
    const PARAMETER: &'static str = "rate_backend";
    const FEATURES: &'static [(&'static str, &'static str)] = &[
        ("local", "ratelimit"),
        ("redis", "redis"),
        ("rediss", "redis"),
        ("valkey", "redis"),
        ("valkeys", "redis"),
        ("unix", "redis"),
    ];

    fn scheme(&self) -> &'static str {
        self.scheme
    }

    fn registered() -> &'static Mutex<Vec<&'static Self>> {
        static REGISTERED: Mutex<Vec<&'static LimiterRegistration>> = Mutex::new(Vec::new());
        &REGISTERED
    }
}

/// Registers a limiter backend under a name: `register_limiter!("mine", open_mine);` beside its definition.
///
/// ```
/// use opero_core::{ConfigError, BackendUri};
/// use opero_ratelimit::{LimiterBackend, LimiterOptions, RateLimit, RateLimitConfig, register_limiter};
/// # use opero_ratelimit::{LocalLimiter, Quota};
/// use std::sync::Arc;
///
/// fn open_mine(_: &BackendUri, options: &LimiterOptions) -> Result<Arc<dyn LimiterBackend>, ConfigError> {
/// #   /*
///     Ok(Arc::new(MyLimiter::connect(options)?))
/// #   */
/// #   Ok(Arc::new(LocalLimiter::new(options)?))
/// }
/// register_limiter!("mine", open_mine);
///
/// let limit = RateLimit::open(&"mine://somewhere".into(), RateLimitConfig::new(Quota::per_second(5.0)?))?;
/// # Ok::<_, ConfigError>(())
/// ```
#[macro_export]
macro_rules! register_limiter {
    ($scheme:expr, $open:expr $(,)?) => {
        $crate::inventory::submit! { $crate::LimiterRegistration::new($scheme, $open) }
    };
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use opero_core::registry;

    use super::*;

    fn error(name: &str) -> String {
        registry::find::<LimiterRegistration>(&name.into())
            .unwrap_err()
            .to_string()
    }

    #[test]
    #[cfg(feature = "local")]
    fn an_unknown_backend_is_an_error_that_helps() {
        assert!(error("rabbit://:secret@host").starts_with(
            "`rate_backend` names the unknown backend `rabbit`: registered are `local`"
        ));
        assert!(
            error("lokal")
                .starts_with("`rate_backend` names the unknown backend `lokal`: did you mean `local`? registered are `local`")
        );
    }

    #[test]
    #[cfg(not(feature = "redis"))]
    fn a_backend_that_is_not_compiled_in_names_its_feature() {
        assert_eq!(
            error("redis://:secret@host"),
            "`rate_backend` names the unknown backend `redis`: enable the Cargo feature `redis`"
        );
    }
}
