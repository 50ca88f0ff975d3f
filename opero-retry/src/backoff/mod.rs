//! How long to wait before the next attempt, as plain iterators of durations.
//!
//! A [`Backoff`] is the recipe; [`Backoff::delays`] makes the iterator that one call draws from. The recipes never end,
//! never leave their bounds, and no parameter makes them overflow or panic, a wrong one included.

mod constant;
mod custom;
mod decorrelated;
mod exponential;

use std::time::Duration;

use fastrand::Rng;
use opero_core::ConfigError;

pub use constant::Constant;
pub use custom::Custom;
pub use decorrelated::DecorrelatedJitter;
pub use exponential::Exponential;

/// The recipe for the delays between the attempts of one call.
///
/// ```
/// use opero_retry::{Backoff, Exponential};
/// use std::time::Duration;
///
/// let backoff = Backoff::from(Exponential::default().with_jitter(false));
/// let first: Vec<_> = backoff.delays().take(3).collect();
/// assert_eq!(first, [100, 150, 225].map(Duration::from_millis));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Backoff {
    /// Delays that grow by a factor, up to a cap.
    Exponential(Exponential),
    /// The same delay every time.
    Constant(Constant),
    /// Random delays that each depend on the one before.
    DecorrelatedJitter(DecorrelatedJitter),
    /// The delays of the user's own iterator.
    Custom(Custom),
}

impl Backoff {
    /// The delays of one call, with fresh randomness where the recipe uses any.
    pub fn delays(&self) -> Delays {
        // fastrand forks a generator of this thread: no system call, no lock.
        self.with_rng(Rng::new)
    }

    /// The delays of one call, random but the same for the same `seed`: for tests and simulations.
    pub fn delays_seeded(&self, seed: u64) -> Delays {
        self.with_rng(|| Rng::with_seed(seed))
    }

    fn with_rng(&self, rng: impl FnOnce() -> Rng) -> Delays {
        Delays(match self {
            Self::Exponential(recipe) => Kind::Exponential(recipe.delays(rng)),
            Self::Constant(recipe) => Kind::Constant(recipe.delay),
            Self::DecorrelatedJitter(recipe) => Kind::Decorrelated(recipe.delays(rng)),
            Self::Custom(recipe) => Kind::Custom(recipe.delays()),
        })
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// A `backoff_factor` that is not finite or below 1; a `min_delay` above `max_delay`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::Exponential(recipe) => recipe.validate(),
            Self::DecorrelatedJitter(recipe) => recipe.validate(),
            Self::Constant(_) | Self::Custom(_) => Ok(()),
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Exponential::default().into()
    }
}

impl From<Exponential> for Backoff {
    fn from(recipe: Exponential) -> Self {
        Self::Exponential(recipe)
    }
}

impl From<Constant> for Backoff {
    fn from(recipe: Constant) -> Self {
        Self::Constant(recipe)
    }
}

impl From<DecorrelatedJitter> for Backoff {
    fn from(recipe: DecorrelatedJitter) -> Self {
        Self::DecorrelatedJitter(recipe)
    }
}

impl From<Custom> for Backoff {
    fn from(recipe: Custom) -> Self {
        Self::Custom(recipe)
    }
}

/// The delays of one call, from [`Backoff::delays`]: the n-th item is how long the n-th retry waits.
#[derive(Debug)]
pub struct Delays(Kind);

#[derive(Debug)]
enum Kind {
    Exponential(exponential::Delays),
    Constant(Duration),
    Decorrelated(decorrelated::Delays),
    Custom(custom::Delays),
}

impl Delays {
    /// What is added at random to a wait that the other side asked for: up to a fifth of it, where the recipe has jitter. So
    /// clients that were put off together do not come back together, and none comes back too early.
    pub fn spread(&mut self, hint: Duration) -> Duration {
        let rng = match &mut self.0 {
            Kind::Exponential(delays) => delays.rng(),
            Kind::Decorrelated(delays) => Some(delays.rng()),
            Kind::Constant(_) | Kind::Custom(_) => None,
        };
        rng.map_or(Duration::ZERO, |rng| {
            between(rng, Duration::ZERO, hint / HINT_SPREAD)
        })
    }
}

/// The part of a hint that is added to it at most.
const HINT_SPREAD: u32 = 5;

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        match &mut self.0 {
            Kind::Exponential(delays) => Some(delays.step()),
            Kind::Constant(delay) => Some(*delay),
            Kind::Decorrelated(delays) => Some(delays.step()),
            Kind::Custom(delays) => delays.next(),
        }
    }
}

/// A duration drawn evenly from `[lower, upper]`; `lower` where the bounds are crossed.
fn between(rng: &mut Rng, lower: Duration, upper: Duration) -> Duration {
    let span = upper.saturating_sub(lower);
    let seconds = lower.as_secs_f64() + rng.f64() * span.as_secs_f64();
    // Rounding may step over a bound, or beyond the longest duration there is.
    let drawn = Duration::try_from_secs_f64(seconds).unwrap_or(upper);
    drawn.min(upper).max(lower)
}

/// `min_delay` above `max_delay` leaves nothing to choose from.
fn ordered(min_delay: Duration, max_delay: Duration) -> Result<(), ConfigError> {
    if min_delay <= max_delay {
        return Ok(());
    }
    Err(ConfigError::new(
        "min_delay",
        format!("is {min_delay:?}, above `max_delay`, which is {max_delay:?}"),
        "lower `min_delay` or raise `max_delay`",
    ))
}
