use std::time::Duration;

use opero_core::ConfigError;

use crate::Backoff;

/// When to try again, how often, and after what delay.
///
/// ```
/// use opero_retry::{Constant, RetryPolicy};
/// use std::time::Duration;
///
/// let policy = RetryPolicy::default()
///     .with_retries(5)
///     .with_backoff(Constant::new(Duration::from_millis(200)))
///     .with_max_elapsed(Duration::from_secs(60));
/// assert!(policy.validate().is_ok());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Further attempts after the first. Default: 3. Of many failed ones, the first and the last few are kept for the call's
    /// error (see [`History`](opero_core::History)).
    pub retries: u32,
    /// The delays between the attempts. Default: exponential, 0.1 s to 30 s, factor 1.5, full jitter.
    pub backoff: Backoff,
    /// From the call's start: no new attempt starts past it, and no delay or wait for a permit overshoots it. Default: none.
    ///
    /// An attempt that is under way runs on, however long it takes, and its result counts: a call may last `max_elapsed` and an
    /// attempt. A [`Timeout`](crate::Timeout) around the attempts bounds that.
    pub max_elapsed: Option<Duration>,
}

/// What is known of a call whose latest attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// How many attempts failed so far, the latest one included.
    pub attempts: u32,
    /// The time since the call's start. Only a policy with `max_elapsed` looks at it.
    pub elapsed: Duration,
    /// How long the other side asked to wait, if it did.
    pub hint: Option<Duration>,
    /// What is added to the hint, as far as `max_elapsed` leaves room for it: see [`Delays::spread`](crate::Delays::spread).
    pub spread: Duration,
    /// The backoff's delay; `None` where its iterator has ended.
    pub backoff: Option<Duration>,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Return the error.
    Return,
    /// Try again after this long.
    Wait(Duration),
}

impl RetryPolicy {
    /// Sets how many further attempts follow the first.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets the delays between the attempts.
    #[must_use]
    pub fn with_backoff(mut self, backoff: impl Into<Backoff>) -> Self {
        self.backoff = backoff.into();
        self
    }

    /// Sets the time past which no new attempt starts.
    #[must_use]
    pub fn with_max_elapsed(mut self, max_elapsed: impl Into<Option<Duration>>) -> Self {
        self.max_elapsed = max_elapsed.into();
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// A parameter of the [`Backoff`] that is wrong, named as users write it.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.backoff.validate()
    }

    /// Decides whether another attempt follows, and when. Pure: no clock, no randomness, no I/O. Where it may, it is for the call to say
    /// whether its error is worth one.
    ///
    /// - The other side's `hint` wins over the backoff, also where it is longer than `max_delay`: who asks for a minute
    ///   and is called again after half of it answers with the same error, or with a ban. Only `max_elapsed` bounds it.
    /// - A wait that would end past `max_elapsed` is not begun: the caller has the error now, not later.
    ///
    /// ```
    /// use opero_retry::{Decision, Failure, RetryPolicy};
    /// use std::time::Duration;
    ///
    /// let policy = RetryPolicy::default().with_max_elapsed(Duration::from_secs(10));
    /// let failure = Failure {
    ///     attempts: 1,
    ///     elapsed: Duration::from_secs(4),
    ///     hint: Some(Duration::from_secs(6)),
    ///     spread: Duration::from_secs(1),
    ///     backoff: Some(Duration::from_millis(100)),
    /// };
    /// assert_eq!(policy.decide(failure), Decision::Wait(Duration::from_secs(6)));
    /// let later = Failure { elapsed: Duration::from_secs(5), ..failure };
    /// assert_eq!(policy.decide(later), Decision::Return);
    /// ```
    pub fn decide(&self, failure: Failure) -> Decision {
        let Some(backoff) = failure.backoff else {
            return Decision::Return;
        };
        let least = failure.hint.unwrap_or(backoff);
        if failure.attempts > self.retries || !self.may_start(failure.elapsed, least) {
            return Decision::Return;
        }
        let spread = failure.hint.map_or(Duration::ZERO, |_| failure.spread);
        let delay = least.saturating_add(spread);
        let left = self.max_elapsed.unwrap_or(Duration::MAX);
        Decision::Wait(delay.min(left.saturating_sub(failure.elapsed)))
    }

    /// Returns `true` if an attempt may start `delay` after `elapsed`.
    pub(crate) fn may_start(&self, elapsed: Duration, delay: Duration) -> bool {
        match self.max_elapsed {
            Some(limit) => limit.checked_sub(elapsed).is_some_and(|left| delay <= left),
            None => true,
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 3,
            backoff: Backoff::default(),
            max_elapsed: None,
        }
    }
}
