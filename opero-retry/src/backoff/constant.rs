use std::time::Duration;

/// The same delay before every retry.
///
/// ```
/// use opero_retry::{Backoff, Constant};
/// use std::time::Duration;
///
/// let second = Duration::from_secs(1);
/// assert!(Backoff::from(Constant::new(second)).delays().take(5).all(|delay| delay == second));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Constant {
    /// The delay; zero retries at once.
    pub delay: Duration,
}

impl Constant {
    /// Waits `delay` before every retry.
    pub const fn new(delay: Duration) -> Self {
        Self { delay }
    }
}
