use std::fmt;
use std::time::Duration;

use crate::{ConfigError, ErrorKind};

/// A stage refused to start the function, or stopped it. As small as a pointer.
///
/// A function that keeps its own error type takes refusals through `From`. [`std::io::Error`], `String` and boxed errors
/// do, as does `anyhow::Error`; for your own type write it:
///
/// ```
/// use opero_core::{Refused, RefusedKind};
///
/// #[derive(Debug)]
/// enum ApiError { Busy, Other(String) }
///
/// impl From<Refused> for ApiError {
///     fn from(refused: Refused) -> Self {
///         match refused.kind() {
///             RefusedKind::RateWait { .. } => ApiError::Busy,
///             _ => ApiError::Other(refused.to_string()),
///         }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Refused(Box<RefusedKind>);

/// Why a stage refused.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RefusedKind {
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
    /// The limiter's backend did not answer, and it is set to refuse then.
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
    /// A stage of the user's refused.
    Stage {
        /// The stage's name.
        stage: &'static str,
        /// Its reason, without secrets.
        reason: String,
    },
}

impl Refused {
    /// Why.
    pub fn kind(&self) -> &RefusedKind {
        &self.0
    }

    /// A refusal of a user's own stage. The reason must hold no secret.
    pub fn by_stage(stage: &'static str, reason: impl Into<String>) -> Self {
        RefusedKind::Stage {
            stage,
            reason: reason.into(),
        }
        .into()
    }

    pub(crate) fn error_kind(&self) -> ErrorKind {
        match self.kind() {
            RefusedKind::AttemptTimeout { .. } | RefusedKind::ItemTimeout { .. } => {
                ErrorKind::Timeout
            }
            RefusedKind::RateWait { .. }
            | RefusedKind::Elapsed { .. }
            | RefusedKind::RateCost { .. }
            | RefusedKind::RateBackend { .. } => ErrorKind::RateLimited,
            RefusedKind::EmptyFallback => ErrorKind::EmptyFallback,
            RefusedKind::Config(_) => ErrorKind::Config,
            RefusedKind::Panic { .. } => ErrorKind::Panic,
            RefusedKind::Crashed { .. } => ErrorKind::Crashed,
            RefusedKind::Transfer { .. } => ErrorKind::Transfer,
            RefusedKind::Stopped => ErrorKind::Stopped,
            RefusedKind::Stage { .. } => ErrorKind::Stage,
        }
    }

    /// Can another attempt of the same call end otherwise? A wrong parameter stays wrong.
    ///
    /// These are the refusals that are tried again by default, and that `retry_on` and `fallback_on` decide on.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind(),
            RefusedKind::AttemptTimeout { .. }
                | RefusedKind::Crashed { .. }
                | RefusedKind::RateBackend { .. }
                | RefusedKind::Stage { .. }
        )
    }

    /// Returns `true` if a limiter gave no permit. Another fallback value may draw from another limiter, or cost less.
    pub fn lacks_permit(&self) -> bool {
        matches!(
            self.kind(),
            RefusedKind::RateWait { .. }
                | RefusedKind::Elapsed { .. }
                | RefusedKind::RateCost { .. }
                | RefusedKind::RateBackend { .. }
        )
    }
}

impl From<RefusedKind> for Refused {
    fn from(kind: RefusedKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<ConfigError> for Refused {
    fn from(error: ConfigError) -> Self {
        RefusedKind::Config(error).into()
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refused").field(&self.0).finish()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            RefusedKind::AttemptTimeout { limit } => write!(
                f,
                "the attempt ran longer than `attempt_timeout` = {limit:?}: raise it, or make the function faster"
            ),
            RefusedKind::ItemTimeout { limit } => write!(
                f,
                "the item took longer than `item_timeout` = {limit:?}: raise it, or make the function faster"
            ),
            RefusedKind::RateWait { needed, limit } => write!(
                f,
                "a permit would take {needed:?} and `rate_max_wait` is {limit:?}: call less often, or raise `rate_limit` or `rate_max_wait`"
            ),
            RefusedKind::Elapsed { needed, left } => write!(
                f,
                "a permit would take {needed:?} and `max_elapsed` leaves {left:?}: call less often, or raise `rate_limit` or `max_elapsed`"
            ),
            RefusedKind::RateCost { cost, burst } => write!(
                f,
                "the call costs {cost} permits and `rate_burst` is {burst}, so it could never start: raise `rate_burst` to at least {cost}"
            ),
            RefusedKind::RateBackend { reason } => {
                write!(f, "the rate limiter did not answer: {reason}")
            }
            RefusedKind::EmptyFallback => write!(
                f,
                "the list of fallback values (`arg_fallback`) is empty: pass at least one value"
            ),
            RefusedKind::Config(error) => error.fmt(f),
            RefusedKind::Panic {
                message,
                location: None,
            } => write!(f, "the function panicked: {message}"),
            RefusedKind::Panic {
                message,
                location: Some(location),
            } => write!(f, "the function panicked at {location}: {message}"),
            RefusedKind::Crashed { signal, code } => {
                f.write_str("the worker process that ran the function ")?;
                match (signal, code) {
                    (Some(signal), _) => write!(f, "was ended by signal {signal}")?,
                    (None, Some(code)) => write!(f, "exited with code {code}")?,
                    (None, None) => f.write_str("is gone")?,
                }
                f.write_str(crash_hint(*signal))
            }
            RefusedKind::Transfer { reason } => {
                write!(f, "the call could not pass between processes: {reason}")
            }
            RefusedKind::Stopped => write!(f, "the run stopped before this item's turn"),
            RefusedKind::Stage { stage, reason } => write!(f, "`{stage}` refused: {reason}"),
        }
    }
}

/// What the signal usually means, by its number on every Unix.
fn crash_hint(signal: Option<i32>) -> &'static str {
    match signal {
        Some(6) => " (SIGABRT: it aborted, or could not allocate)",
        Some(9) => " (SIGKILL: somebody killed it, or the system was out of memory)",
        Some(11) => " (SIGSEGV: an invalid memory access, or a stack overflow)",
        _ => "",
    }
}

impl std::error::Error for Refused {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.kind() {
            RefusedKind::Config(error) => Some(error),
            _ => None,
        }
    }
}
