//! Rejections as error types that functions often return and that are not theirs to change.

use std::io;

use crate::{ErrorKind, Rejected};

/// The rejection is the error inside, see [`io::Error::get_ref`]; the kind tells what to do about it.
///
/// ```
/// use opero_core::{Rejected, RejectedKind};
/// use std::{io, time::Duration};
///
/// let rejected = Rejected::from(RejectedKind::AttemptTimeout { limit: Duration::from_secs(1) });
/// assert_eq!(io::Error::from(rejected).kind(), io::ErrorKind::TimedOut);
/// ```
impl From<Rejected> for io::Error {
    fn from(rejected: Rejected) -> Self {
        let kind = match rejected.error_kind() {
            ErrorKind::Timeout => io::ErrorKind::TimedOut,
            ErrorKind::RateLimited => io::ErrorKind::WouldBlock,
            ErrorKind::Config | ErrorKind::EmptyFallback => io::ErrorKind::InvalidInput,
            ErrorKind::Function
            | ErrorKind::Panic
            | ErrorKind::Crashed
            | ErrorKind::Transfer
            | ErrorKind::Stopped
            | ErrorKind::Stage => io::ErrorKind::Other,
        };
        io::Error::new(kind, rejected)
    }
}

/// The rejection's message.
impl From<Rejected> for String {
    fn from(rejected: Rejected) -> Self {
        rejected.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{ConfigError, RejectedKind};

    #[test]
    fn an_io_error_says_by_its_kind_why_a_stage_rejected() {
        let limit = Duration::from_secs(1);
        let config = ConfigError::new("retries", "is wrong", "correct it");
        let cases = [
            (
                RejectedKind::AttemptTimeout { limit },
                io::ErrorKind::TimedOut,
            ),
            (RejectedKind::ItemTimeout { limit }, io::ErrorKind::TimedOut),
            (
                RejectedKind::RateWait {
                    needed: limit,
                    limit,
                },
                io::ErrorKind::WouldBlock,
            ),
            (
                RejectedKind::RateBackend {
                    reason: "gone".into(),
                },
                io::ErrorKind::WouldBlock,
            ),
            (RejectedKind::EmptyFallback, io::ErrorKind::InvalidInput),
            (RejectedKind::Config(config), io::ErrorKind::InvalidInput),
            (RejectedKind::Stopped, io::ErrorKind::Other),
        ];
        for (why, kind) in cases {
            let rejected = Rejected::from(why);
            let error = io::Error::from(rejected.clone());
            assert_eq!(error.kind(), kind, "{rejected}");
            assert_eq!(error.to_string(), String::from(rejected));
            assert!(error.get_ref().is_some_and(|inner| inner.is::<Rejected>()));
        }
    }
}
