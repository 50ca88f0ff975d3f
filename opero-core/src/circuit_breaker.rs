//! A circuit breaker.

use std::sync::Mutex;
use std::time::Duration;

use crate::Instant;
use crate::sync::lock;

/// Keeps callers away from a dependency that failed, so that only one of them pays to find out whether it is back.
///
/// A failure opens the circuit for `min_open`. After that it is half-open: one caller probes while the others are still
/// rejected. Each failed probe doubles the time that the circuit stays open, up to `max_open`; a success closes it. The
/// breaker reads no clock: `now` is an argument.
///
/// ```
/// use opero_core::{CircuitBreaker, Instant};
/// use std::time::Duration;
///
/// let breaker = CircuitBreaker::new(Duration::from_secs(1), Duration::from_secs(30));
/// let start = Instant::from_nanos(0);
/// breaker.on_failure(start);
/// assert_eq!(breaker.try_enter(start), Err(Duration::from_secs(1)));
/// assert_eq!(breaker.try_enter(start + Duration::from_secs(1)), Ok(()));
/// breaker.on_success();
/// assert_eq!(breaker.try_enter(start), Ok(()));
/// ```
#[derive(Debug)]
pub struct CircuitBreaker {
    min_open: Duration,
    max_open: Duration,
    /// `None`: closed.
    state: Mutex<Option<Open>>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    until: Instant,
    pause: Duration,
    /// A probe started after the last failure.
    is_probing: bool,
}

impl CircuitBreaker {
    /// Creates a closed breaker that opens for `min_open`, doubled at each failed probe up to `max_open`.
    pub const fn new(min_open: Duration, max_open: Duration) -> Self {
        Self {
            min_open,
            max_open,
            state: Mutex::new(None),
        }
    }

    /// Lets a caller through where the circuit is closed, or where this caller is the probe.
    ///
    /// # Errors
    /// How long the circuit stays open.
    pub fn try_enter(&self, now: Instant) -> Result<(), Duration> {
        let mut state = lock(&self.state);
        let Some(open) = state.as_mut() else {
            return Ok(());
        };
        if open.until > now {
            return Err(open.until.since(now));
        }
        // This caller probes; if it never reports, the next one may after another pause.
        open.until = now + open.pause;
        open.is_probing = true;
        Ok(())
    }

    /// Records a failure at `now`. Callers that start together and fail together count as one.
    pub fn on_failure(&self, now: Instant) {
        let mut state = lock(&self.state);
        let pause = match *state {
            None => self.min_open,
            Some(open) if open.is_probing => open.pause.saturating_mul(2),
            Some(_) => return,
        };
        let pause = pause.min(self.max_open);
        *state = Some(Open {
            until: now + pause,
            pause,
            is_probing: false,
        });
    }

    /// Records a success, and closes the circuit.
    pub fn on_success(&self) {
        *lock(&self.state) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn one_caller_probes_at_a_time_and_the_pauses_double() {
        let breaker = CircuitBreaker::new(SECOND, 3 * SECOND);
        let mut now = Instant::from_nanos(0);
        assert_eq!(breaker.try_enter(now), Ok(()));
        for pause in [1, 2, 3, 3] {
            // Two callers that start together.
            breaker.on_failure(now);
            breaker.on_failure(now);
            let pause = pause * SECOND;
            assert_eq!(breaker.try_enter(now), Err(pause));
            now = now + pause;
            assert_eq!(breaker.try_enter(now), Ok(()), "the probe");
            assert!(breaker.try_enter(now).is_err(), "the others");
        }
        breaker.on_success();
        assert_eq!(breaker.try_enter(now), Ok(()));
        breaker.on_failure(now);
        assert_eq!(breaker.try_enter(now), Err(SECOND));
    }

    #[test]
    fn a_probe_that_never_reports_does_not_keep_the_circuit_open() {
        let breaker = CircuitBreaker::new(SECOND, SECOND);
        let start = Instant::from_nanos(0);
        breaker.on_failure(start);
        assert!(breaker.try_enter(start + SECOND).is_ok());
        assert!(breaker.try_enter(start + SECOND).is_err());
        assert!(breaker.try_enter(start + 2 * SECOND).is_ok());
    }
}
