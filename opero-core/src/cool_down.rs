//! Leaving alone what just failed.

use std::sync::Mutex;
use std::time::Duration;

use crate::Instant;
use crate::sync::lock;

/// Keeps callers away from something that failed, so that not each of them pays for finding out again.
///
/// After a failure it is left alone for a while; then one caller may try, and while it tries the others stay away. Each
/// further failure doubles the while. It reads no clock: `now` is an argument.
///
/// ```
/// use opero_core::{CoolDown, Instant};
/// use std::time::Duration;
///
/// let server = CoolDown::new(Duration::from_secs(1), Duration::from_secs(30));
/// let start = Instant::from_nanos(0);
/// server.failed(start);
/// assert_eq!(server.enter(start), Err(Duration::from_secs(1)));
/// assert_eq!(server.enter(start + Duration::from_secs(1)), Ok(()));
/// server.succeeded();
/// assert_eq!(server.enter(start), Ok(()));
/// ```
#[derive(Debug)]
pub struct CoolDown {
    shortest: Duration,
    longest: Duration,
    state: Mutex<Option<Cooling>>,
}

#[derive(Debug, Clone, Copy)]
struct Cooling {
    until: Instant,
    pause: Duration,
    /// Somebody was let in since the last failure.
    trying: bool,
}

impl CoolDown {
    /// Pauses from `shortest`, doubled up to `longest`.
    pub const fn new(shortest: Duration, longest: Duration) -> Self {
        Self {
            shortest,
            longest,
            state: Mutex::new(None),
        }
    }

    /// May a caller try?
    ///
    /// # Errors
    /// How long nobody should.
    pub fn enter(&self, now: Instant) -> Result<(), Duration> {
        let mut state = lock(&self.state);
        let Some(cooling) = state.as_mut() else {
            return Ok(());
        };
        if cooling.until > now {
            return Err(cooling.until.since(now));
        }
        // This caller tries; should it never report, the next one may after another pause.
        cooling.until = now + cooling.pause;
        cooling.trying = true;
        Ok(())
    }

    /// A caller failed at `now`. Callers that set out together and fail together count as one.
    pub fn failed(&self, now: Instant) {
        let mut state = lock(&self.state);
        let pause = match *state {
            None => self.shortest,
            Some(cooling) if cooling.trying => cooling.pause.saturating_mul(2),
            Some(_) => return,
        };
        let pause = pause.min(self.longest);
        *state = Some(Cooling {
            until: now + pause,
            pause,
            trying: false,
        });
    }

    /// A caller got its answer: everybody may ask again.
    pub fn succeeded(&self) {
        *lock(&self.state) = None;
    }

    /// Is it left alone at `now`?
    pub fn is_cooling(&self, now: Instant) -> bool {
        lock(&self.state).is_some_and(|cooling| cooling.until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn one_caller_at_a_time_finds_out_and_the_pauses_double() {
        let server = CoolDown::new(SECOND, 3 * SECOND);
        let mut now = Instant::from_nanos(0);
        assert_eq!(server.enter(now), Ok(()));
        for pause in [1, 2, 3, 3] {
            // Two that set out together.
            server.failed(now);
            server.failed(now);
            let pause = pause * SECOND;
            assert_eq!(server.enter(now), Err(pause));
            now = now + pause;
            assert_eq!(server.enter(now), Ok(()), "the one that tries");
            assert!(server.enter(now).is_err(), "the others meanwhile");
        }
        server.succeeded();
        assert_eq!(server.enter(now), Ok(()));
        server.failed(now);
        assert_eq!(server.enter(now), Err(SECOND));
    }

    #[test]
    fn a_caller_that_never_reports_keeps_nobody_away_for_ever() {
        let server = CoolDown::new(SECOND, SECOND);
        let start = Instant::from_nanos(0);
        server.failed(start);
        assert!(server.enter(start + SECOND).is_ok());
        assert!(server.enter(start + SECOND).is_err());
        assert!(server.enter(start + 2 * SECOND).is_ok());
    }
}
