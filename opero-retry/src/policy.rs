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
    /// Further attempts after the first. Default: 3. Every failed one is kept until the call ends, for its error.
    pub retries: u32,
    /// The delays between the attempts. Default: exponential, 0.1 s to 30 s, factor 1.5, full jitter.
    pub backoff: Backoff,
    /// From the call's start: no new attempt starts past it, and no delay or wait for a permit overshoots it. Default: none.
    ///
    /// An attempt that is under way runs on: `attempt_timeout` is what stops one.
    pub max_elapsed: Option<Duration>,
}

/// What is known of a call whose latest attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// How many attempts failed so far, the latest one included.
    pub attempts: u32,
    /// The time since the call's start. Only a policy with `max_elapsed` looks at it.
    pub elapsed: Duration,
    /// Is the error worth another attempt?
    pub retryable: bool,
    /// How long the other side asked to wait, if it did.
    pub hint: Option<Duration>,
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

    /// Can this policy be followed?
    ///
    /// # Errors
    /// A parameter of the [`Backoff`] that is wrong, named as users write it.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.backoff.validate()
    }

    /// Try again, and when? Pure: no clock, no randomness, no I/O.
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
    ///     retryable: true,
    ///     hint: Some(Duration::from_secs(6)),
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
        let delay = failure.hint.unwrap_or(backoff);
        if failure.retryable
            && failure.attempts <= self.retries
            && self.may_start(failure.elapsed, delay)
        {
            Decision::Wait(delay)
        } else {
            Decision::Return
        }
    }

    /// May an attempt start `delay` after `elapsed`?
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
