use std::fmt;
use std::time::Duration;

use crate::{ConfigError, ErrorKind};

/// A stage kept the function from starting, or stopped it. As small as a pointer.
///
/// A function that keeps its own error type takes rejections through `From`. [`std::io::Error`], `String` and boxed errors
/// do, as does `anyhow::Error`; for your own type write it:
///
/// ```
/// use opero_core::{Rejected, RejectedKind};
///
/// #[derive(Debug)]
/// enum ApiError { Busy, Other(String) }
///
/// impl From<Rejected> for ApiError {
///     fn from(rejected: Rejected) -> Self {
///         match rejected.kind() {
///             RejectedKind::RateWait { .. } => ApiError::Busy,
///             _ => ApiError::Other(rejected.to_string()),
///         }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Rejected(Box<RejectedKind>);

/// Why a stage rejected.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RejectedKind {
    /// One attempt ran longer than `attempt_timeout`.
    AttemptTimeout {
        /// The limit.
        limit: Duration,
    },
    /// One item of a map took longer than `item_timeout`.
    ItemTimeout {
        /// The limit.
        limit: Duration,
    },
    /// A permit would have come later than `rate_max_wait` allows.
    RateWait {
        /// At least how long it would have taken.
        needed: Duration,
        /// The limit.
        limit: Duration,
    },
    /// A permit for another attempt would have come later than `max_elapsed` allows one to start.
    ///
    /// A retry that meets it returns what the attempt before came to, so callers see this one only where nothing did.
    Elapsed {
        /// At least how long it would have taken.
        needed: Duration,
        /// What was left of `max_elapsed`.
        left: Duration,
    },
    /// The call costs more permits than the limiter can ever hold.
    RateCost {
        /// The call's cost.
        cost: u32,
        /// The limiter's `rate_burst`.
        burst: u32,
    },
    /// The limiter's backend did not answer, and it is set to reject then.
    RateBackend {
        /// What went wrong, without secrets.
        reason: String,
    },
    /// The caller passed an empty list of fallback values.
    EmptyFallback,
    /// A parameter or a backend's name is wrong.
    Config(ConfigError),
    /// The function panicked, in a map.
    Panic {
        /// The panic's message, where it had one.
        message: String,
        /// Where in the source, as `file:line:column`; known where the function ran in a process of its own.
        location: Option<String>,
    },
    /// The process that ran the function is gone: aborted, killed, out of memory, or it called `exit`.
    Crashed {
        /// The signal that killed it.
        signal: Option<i32>,
        /// The code it exited with, where it was not killed.
        code: Option<i32>,
    },
    /// Arguments or a result could not pass between processes.
    Transfer {
        /// Why, without the value.
        reason: String,
    },
    /// The run stopped before this item's turn.
    Stopped,
    /// A stage of the user's rejected.
    Stage {
        /// The stage's name.
        stage: &'static str,
        /// Its reason, without secrets.
        reason: String,
    },
}

impl Rejected {
    /// Why.
    pub fn kind(&self) -> &RejectedKind {
        &self.0
    }

    /// A rejection of a user's own stage. The reason must hold no secret.
    pub fn by_stage(stage: &'static str, reason: impl Into<String>) -> Self {
        RejectedKind::Stage {
            stage,
            reason: reason.into(),
        }
        .into()
    }

    pub(crate) fn error_kind(&self) -> ErrorKind {
        match self.kind() {
            RejectedKind::AttemptTimeout { .. } | RejectedKind::ItemTimeout { .. } => {
                ErrorKind::Timeout
            }
            RejectedKind::RateWait { .. }
            | RejectedKind::Elapsed { .. }
            | RejectedKind::RateCost { .. }
            | RejectedKind::RateBackend { .. } => ErrorKind::RateLimited,
            RejectedKind::EmptyFallback => ErrorKind::EmptyFallback,
            RejectedKind::Config(_) => ErrorKind::Config,
            RejectedKind::Panic { .. } => ErrorKind::Panic,
            RejectedKind::Crashed { .. } => ErrorKind::Crashed,
            RejectedKind::Transfer { .. } => ErrorKind::Transfer,
            RejectedKind::Stopped => ErrorKind::Stopped,
            RejectedKind::Stage { .. } => ErrorKind::Stage,
        }
    }

    /// Returns `true` if another attempt of the same call can end otherwise. A wrong parameter stays wrong.
    ///
    /// These are the rejections that are tried again by default, and that `retry_on` and `fallback_on` decide on.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind(),
            RejectedKind::AttemptTimeout { .. }
                | RejectedKind::Crashed { .. }
                | RejectedKind::RateBackend { .. }
                | RejectedKind::Stage { .. }
        )
    }

    /// Returns `true` if a limiter gave no permit. Another fallback value may draw from another limiter, or cost less.
    pub fn lacks_permit(&self) -> bool {
        matches!(
            self.kind(),
            RejectedKind::RateWait { .. }
                | RejectedKind::Elapsed { .. }
                | RejectedKind::RateCost { .. }
                | RejectedKind::RateBackend { .. }
        )
    }
}

impl From<RejectedKind> for Rejected {
    fn from(kind: RejectedKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<ConfigError> for Rejected {
    fn from(error: ConfigError) -> Self {
        RejectedKind::Config(error).into()
    }
}

impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rejected").field(&self.0).finish()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            RejectedKind::AttemptTimeout { limit } => write!(
                f,
                "the attempt ran longer than `attempt_timeout` = {limit:?}: raise it, or make the function faster"
            ),
            RejectedKind::ItemTimeout { limit } => write!(
                f,
                "the item took longer than `item_timeout` = {limit:?}: raise it, or make the function faster"
            ),
            RejectedKind::RateWait { needed, limit } => write!(
                f,
                "a permit would take {needed:?} and `rate_max_wait` is {limit:?}: call less often, or raise `rate_limit` or `rate_max_wait`"
            ),
            RejectedKind::Elapsed { needed, left } => write!(
                f,
                "a permit would take {needed:?} and `max_elapsed` leaves {left:?}: call less often, or raise `rate_limit` or `max_elapsed`"
            ),
            RejectedKind::RateCost { cost, burst } => write!(
                f,
                "the call costs {cost} permits and `rate_burst` is {burst}, so it could never start: raise `rate_burst` to at least {cost}"
            ),
            RejectedKind::RateBackend { reason } => {
                write!(f, "the rate limiter did not answer: {reason}")
            }
            RejectedKind::EmptyFallback => write!(
                f,
                "the list of fallback values (`arg_fallback`) is empty: pass at least one value"
            ),
            RejectedKind::Config(error) => error.fmt(f),
            RejectedKind::Panic {
                message,
                location: None,
            } => write!(f, "the function panicked: {message}"),
            RejectedKind::Panic {
                message,
                location: Some(location),
            } => write!(f, "the function panicked at {location}: {message}"),
            RejectedKind::Crashed { signal, code } => {
                f.write_str("the worker process that ran the function ")?;
                match (signal, code) {
                    (Some(signal), _) => write!(f, "was ended by signal {signal}")?,
                    (None, Some(code)) => write!(f, "exited with code {code}")?,
                    (None, None) => f.write_str("is gone")?,
                }
                f.write_str(crash_hint(*signal))
            }
            RejectedKind::Transfer { reason } => {
                write!(f, "the call could not pass between processes: {reason}")
            }
            RejectedKind::Stopped => write!(f, "the run stopped before this item's turn"),
            RejectedKind::Stage { stage, reason } => write!(f, "`{stage}` rejected: {reason}"),
        }
    }
}

/// What the signal usually means, by its number on every Unix.
fn crash_hint(signal: Option<i32>) -> &'static str {
    match signal {
        Some(6) => " (SIGABRT: it aborted, or could not allocate)",
        Some(9) => " (SIGKILL: it was killed, or the system was out of memory)",
        Some(11) => " (SIGSEGV: an invalid memory access, or a stack overflow)",
        _ => "",
    }
}

impl std::error::Error for Rejected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            RejectedKind::Config(error) => Some(error),
            _ => None,
        }
    }
}
