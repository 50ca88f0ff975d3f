use std::time::Duration;

use fastrand::Rng;
use opero_core::ConfigError;

use super::{between, ordered};

/// Random delays that each depend on the one before: `min(max_delay, random(min_delay, 3 · previous))`.
///
/// The "decorrelated jitter" of the AWS Architecture Blog, [Exponential Backoff And Jitter]; the delay before the first
/// is taken to be `min_delay`. Beside [`Exponential`](crate::Exponential) with jitter, callers that failed together
/// drift apart from the first retry on.
///
/// ```
/// use opero_retry::{Backoff, DecorrelatedJitter};
///
/// let backoff = Backoff::from(DecorrelatedJitter::default());
/// let [one, same] = [7, 7].map(|seed| backoff.delays_seeded(seed).take(20));
/// assert!(one.eq(same));
/// ```
///
/// [Exponential Backoff And Jitter]: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecorrelatedJitter {
    /// The least delay. Default: 100 ms.
    pub min_delay: Duration,
    /// The longest delay. Default: 30 s.
    pub max_delay: Duration,
}

impl DecorrelatedJitter {
    /// Sets the least delay.
    #[must_use]
    pub const fn with_min_delay(mut self, min_delay: Duration) -> Self {
        self.min_delay = min_delay;
        self
    }

    /// Sets the longest delay.
    #[must_use]
    pub const fn with_max_delay(mut self, max_delay: Duration) -> Self {
        self.max_delay = max_delay;
        self
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        ordered(self.min_delay, self.max_delay)
    }

    pub(super) fn delays(&self, rng: impl FnOnce() -> Rng) -> Delays {
        Delays {
            recipe: *self,
            previous: self.min_delay,
            rng: rng(),
        }
    }
}

impl Default for DecorrelatedJitter {
    fn default() -> Self {
        Self {
            min_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(30),
        }
    }
}

#[derive(Debug)]
pub(super) struct Delays {
    recipe: DecorrelatedJitter,
    previous: Duration,
    rng: Rng,
}

impl Delays {
    pub(super) fn step(&mut self) -> Duration {
        let DecorrelatedJitter {
            min_delay,
            max_delay,
        } = self.recipe;
        let upper = self.previous.saturating_mul(3);
        self.previous = between(&mut self.rng, min_delay, upper).min(max_delay);
        self.previous
    }

    pub(super) fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }
}
