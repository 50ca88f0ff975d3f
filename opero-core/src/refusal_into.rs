//! Refusals as error types that functions often return and that are not theirs to change.

use std::io;

use crate::{ErrorKind, Refused};

/// The refusal is the error inside, see [`io::Error::get_ref`]; the kind tells what to do about it.
///
/// ```
/// use opero_core::{Refused, RefusedKind};
/// use std::{io, time::Duration};
///
/// let refused = Refused::from(RefusedKind::AttemptTimeout { limit: Duration::from_secs(1) });
/// assert_eq!(io::Error::from(refused).kind(), io::ErrorKind::TimedOut);
/// ```
impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        let kind = match refused.error_kind() {
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
        io::Error::new(kind, refused)
    }
}

/// The refusal's message.
impl From<Refused> for String {
    fn from(refused: Refused) -> Self {
        refused.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{ConfigError, RefusedKind};

    #[test]
    fn an_io_error_says_by_its_kind_why_a_stage_refused() {
        let limit = Duration::from_secs(1);
        let config = ConfigError::new("retries", "is wrong", "correct it");
        let cases = [
            (
                RefusedKind::AttemptTimeout { limit },
                io::ErrorKind::TimedOut,
            ),
            (RefusedKind::ItemTimeout { limit }, io::ErrorKind::TimedOut),
            (
                RefusedKind::RateWait {
                    needed: limit,
                    limit,
                },
                io::ErrorKind::WouldBlock,
            ),
            (
                RefusedKind::RateBackend {
                    reason: "gone".into(),
                },
                io::ErrorKind::WouldBlock,
            ),
            (RefusedKind::EmptyFallback, io::ErrorKind::InvalidInput),
            (RefusedKind::Config(config), io::ErrorKind::InvalidInput),
            (RefusedKind::Stopped, io::ErrorKind::Other),
        ];
        for (why, kind) in cases {
            let refused = Refused::from(why);
            let error = io::Error::from(refused.clone());
            assert_eq!(error.kind(), kind, "{refused}");
            assert_eq!(error.to_string(), String::from(refused));
            assert!(error.get_ref().is_some_and(|inner| inner.is::<Refused>()));
        }
    }
}
