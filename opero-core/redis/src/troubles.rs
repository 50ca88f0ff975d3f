//! When to leave a server alone.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opero_core::CoolDown;
use opero_core::clock::real_now;
use opero_core::sync::lock;

use crate::error::Problem;
use crate::link::LinkId;

/// How long a server that failed is left alone: at first, and at most.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);

/// What went wrong with a server since it last answered.
pub(crate) struct Troubles {
    cool_down: CoolDown,
    /// The connection on which an answer did not come.
    slow: Mutex<Option<LinkId>>,
    /// Something is written in `cool_down` or `slow`: while all is well, nobody needs to look.
    any: AtomicBool,
}

impl Troubles {
    pub(crate) const fn none() -> Self {
        Self {
            cool_down: CoolDown::new(SHORTEST, LONGEST),
            slow: Mutex::new(None),
            any: AtomicBool::new(false),
        }
    }

    /// May a call try?
    ///
    /// # Errors
    /// How long nobody should.
    pub(crate) fn enter(&self) -> Result<(), Duration> {
        match self.any.load(Ordering::Acquire) {
            true => self.cool_down.enter(real_now()),
            false => Ok(()),
        }
    }

    /// Keeps in mind how a call went.
    pub(crate) fn note<T>(&self, answer: &Result<T, Problem>) {
        match answer {
            Err(problem) if problem.is_outage() => {
                self.cool_down.failed(real_now());
                self.any.store(true, Ordering::Release);
            }
            Err(Problem::Client(_) | Problem::SlowOnce(_)) => {}
            _ if self.any.load(Ordering::Acquire) => {
                // In this order, a failure that is written meanwhile is at worst forgotten, not overlooked for ever.
                self.any.store(false, Ordering::Release);
                self.cool_down.succeeded();
                *lock(&self.slow) = None;
            }
            _ => {}
        }
    }

    /// No answer came on that connection in this time. Only where none came on another one either, and none since, is the
    /// server to be left alone: what one large answer holds up is all on one connection.
    pub(crate) fn slow(&self, link: LinkId, limit: Duration) -> Problem {
        self.any.store(true, Ordering::Release);
        match *lock(&self.slow).get_or_insert(link) == link {
            true => Problem::SlowOnce(limit),
            false => Problem::Slow(limit),
        }
    }
}
