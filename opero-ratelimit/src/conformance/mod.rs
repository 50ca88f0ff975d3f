//! What every backend promises, checked by one call: for the tests of those who write one.
//!
//! ```
//! use opero_ratelimit::{LocalLimiter, conformance};
//! use std::sync::Arc;
//!
//! // In a `#[test]`:
//! let report = conformance::check(|options| Ok(Arc::new(LocalLimiter::new(options)?)));
//! assert!(report.is_ok(), "{}", report.unwrap_err());
//! ```

mod bench;
mod concurrent;
mod promises;

use std::fmt;
use std::sync::Arc;

use opero_core::{Clock, ConfigError, SystemClock};

use self::bench::Bench;
use crate::{LimiterBackend, LimiterOptions};

/// The promises that a backend was found to keep.
#[derive(Debug, Clone)]
pub struct Report {
    /// Each promise, as a sentence.
    pub kept: Vec<&'static str>,
}

/// A promise that a backend does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    promise: &'static str,
    problem: String,
}

impl Broken {
    /// The promise, as a sentence.
    pub fn promise(&self) -> &'static str {
        self.promise
    }

    /// What was seen in place of it.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the promise \"{}\" is broken: {}",
            self.promise, self.problem
        )
    }
}

impl std::error::Error for Broken {}

/// One promise: `Err` says what was seen.
type Promise = fn(&Bench<'_>) -> Result<(), String>;

const PROMISES: &[(&str, Promise)] = &[
    ("it can be reached, and has a scheme", promises::reachable),
    (
        "a new limiter has its burst at once, and no more",
        promises::burst,
    ),
    (
        "a request takes all of its permits or none",
        promises::all_or_nothing,
    ),
    ("each key has a quota of its own", promises::keys),
    ("the wait it tells is honest", promises::honest_wait),
    (
        "permits that no call takes do not pile up beyond the burst",
        promises::no_hoard,
    ),
    (
        "no window has more permits than the burst and what grows in it",
        promises::bound,
    ),
    (
        "requests from many threads share one quota",
        concurrent::threads,
    ),
    (
        "a request that is dropped takes all of its permits or none, and holds up no other",
        concurrent::dropped,
    ),
    (
        "what is shared is one limit wherever it is opened, and functions have their own",
        promises::shared,
    ),
];

/// Runs every promise against the backend that `open` opens, in real time: it takes about two seconds.
///
/// Each promise opens limiters of its own, with the options it is given: their quota counts, their clock, and for backends
/// that are shared with other processes their namespace and function, which no other run has used.
///
/// # Errors
/// The first promise that is broken, and what was seen.
pub fn check(
    open: impl Fn(&LimiterOptions) -> Result<Arc<dyn LimiterBackend>, ConfigError> + Sync,
) -> Result<Report, Broken> {
    check_on(Arc::new(SystemClock), open)
}

/// As [`check`], on another clock, by which the backend must go. An automatic
/// [`ManualClock`](opero_core::ManualClock::auto) takes no real time.
///
/// # Errors
/// As for [`check`].
pub fn check_on(
    clock: Arc<dyn Clock>,
    open: impl Fn(&LimiterOptions) -> Result<Arc<dyn LimiterBackend>, ConfigError> + Sync,
) -> Result<Report, Broken> {
    let mut kept = Vec::new();
    for (promise, holds) in PROMISES {
        let bench = Bench::new(&clock, &open);
        holds(&bench).map_err(|problem| Broken { promise, problem })?;
        kept.push(*promise);
    }
    Ok(Report { kept })
}
