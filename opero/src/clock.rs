//! The clock of decorated functions.

use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use opero_core::{Clock, SystemClock};

static CLOCK: LazyLock<RwLock<Arc<dyn Clock>>> =
    LazyLock::new(|| RwLock::new(Arc::new(SystemClock)));

/// Gives every decorated function that is called for the first time from now on this clock, for
/// tests:
///
/// ```
/// use opero::{ManualClock, opero};
/// use std::time::Duration;
///
/// #[opero(min_delay = "1h", max_delay = "1h", retries = 2, cache = false)]
/// fn never() -> Result<(), String> {
///     Err("no".into())
/// }
///
/// let clock = ManualClock::auto();
/// opero::set_clock(clock.clone());
/// assert!(never().is_err());
/// assert_eq!(clock.slept(), [Duration::from_secs(3600); 2]);
/// ```
pub fn set_clock(clock: impl Clock) {
    *CLOCK.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(clock);
}

/// The clock for a function that is called for the first time.
pub(crate) fn current_clock() -> Arc<dyn Clock> {
    CLOCK.read().unwrap_or_else(PoisonError::into_inner).clone()
}
