use std::time::Duration;

use fastrand::Rng;
use opero_core::ConfigError;

use super::{between, ordered};

/// Delays that grow by a factor: `min(max_delay, min_delay · factor^(n-1))` before the n-th retry.
///
/// With jitter, the delay is drawn evenly between `min_delay` and that, so that callers that failed together drift apart.
/// It is the "full jitter" of the AWS Architecture Blog, [Exponential Backoff And Jitter], from `min_delay` instead of
/// from zero. Where the computed delay leaves less room, as before the first retry, the delay is drawn up to half of
/// `min_delay` above it; `max_delay` bounds that too.
///
/// A `min_delay` of zero stays zero, whatever the factor.
///
/// ```
/// use opero_retry::{Backoff, Exponential};
/// use std::time::Duration;
///
/// let doubling = Exponential::default()
///     .with_min_delay(Duration::from_secs(1))
///     .with_max_delay(Duration::from_secs(5))
///     .with_factor(2.0);
///
/// let plain: Vec<_> = Backoff::from(doubling.with_jitter(false)).delays().take(4).collect();
/// assert_eq!(plain, [1, 2, 4, 5].map(Duration::from_secs));
///
/// let random = Backoff::from(doubling).delays().take(100);
/// assert!(random.into_iter().all(|d| (1..=5).contains(&d.as_secs())));
/// ```
///
/// [Exponential Backoff And Jitter]: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Exponential {
    /// The first delay, and the least. Default: 100 ms.
    pub min_delay: Duration,
    /// The longest delay, jitter included. Default: 30 s.
    pub max_delay: Duration,
    /// The growth from one delay to the next, at least 1. Default: 1.5.
    pub factor: f64,
    /// Draw each delay between `min_delay` and the computed one, and add up to a fifth to a hint. Default: yes.
    pub jitter: bool,
}

impl Exponential {
    /// Sets the first delay, and the least.
    #[must_use]
    pub const fn with_min_delay(mut self, min_delay: Duration) -> Self {
        self.min_delay = min_delay;
        self
    }

    /// Sets the longest delay, jitter included.
    #[must_use]
    pub const fn with_max_delay(mut self, max_delay: Duration) -> Self {
        self.max_delay = max_delay;
        self
    }

    /// Sets the growth from one delay to the next.
    #[must_use]
    pub const fn with_factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// Switches jitter on or off.
    #[must_use]
    pub const fn with_jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        const PARAMETER: &str = "backoff_factor";
        if !self.factor.is_finite() {
            let problem = format!("is {}, not a finite number", self.factor);
            return Err(ConfigError::new(
                PARAMETER,
                problem,
                "write one such as 1.5",
            ));
        }
        if self.factor < 1.0 {
            let problem = format!("is {}, so the delays would shrink", self.factor);
            let way_out = "write at least 1; 1 keeps the delay the same";
            return Err(ConfigError::new(PARAMETER, problem, way_out));
        }
        ordered(self.min_delay, self.max_delay)
    }

    pub(super) fn delays(&self, rng: impl FnOnce() -> Rng) -> Delays {
        Delays {
            recipe: *self,
            computed: self.min_delay.min(self.max_delay).as_secs_f64(),
            rng: self.jitter.then(rng),
        }
    }
}

impl Default for Exponential {
    fn default() -> Self {
        Self {
            min_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(30),
            factor: 1.5,
            jitter: true,
        }
    }
}

#[derive(Debug)]
pub(super) struct Delays {
    recipe: Exponential,
    /// The next delay without jitter, in seconds. Capped at every step, so it is finite for ever.
    computed: f64,
    /// Absent without jitter.
    rng: Option<Rng>,
}

impl Delays {
    pub(super) fn step(&mut self) -> Duration {
        let Exponential {
            min_delay,
            max_delay,
            factor,
            ..
        } = self.recipe;
        // Seconds as a float round; the bounds are kept exactly.
        let computed = Duration::try_from_secs_f64(self.computed)
            .unwrap_or(max_delay)
            .max(min_delay)
            .min(max_delay);
        // `min` also answers with the cap where an unvalidated factor made the product NaN.
        self.computed = (self.computed * factor).min(max_delay.as_secs_f64());
        match &mut self.rng {
            Some(rng) => {
                let least = min_delay.saturating_add(min_delay / 2).min(max_delay);
                between(rng, min_delay, computed.max(least))
            }
            None => computed,
        }
    }

    pub(super) fn rng(&mut self) -> Option<&mut Rng> {
        self.rng.as_mut()
    }
}
