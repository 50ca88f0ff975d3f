//! When to leave a server alone.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opero_core::CoolDown;
use opero_core::clock::real_now;
use opero_core::sync::lock;

use crate::connection::Request;
use crate::error::Problem;
use crate::link::LinkId;

/// How long a server that failed is left alone: at first, and at most.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(10);

/// What went wrong with a server since it last answered.
pub(crate) struct Troubles {
    /// Keeps every request away.
    all: Breaker,
    /// Keeps away what writes: the server is a replica, and answers what only reads.
    writes: Breaker,
    /// The connection on which an answer did not come.
    slow: Mutex<Option<LinkId>>,
}

struct Breaker {
    cool_down: CoolDown,
    /// Something may be written in `cool_down`: while all is well, no call needs to look.
    tripped: AtomicBool,
}

impl Breaker {
    const fn new() -> Self {
        Self {
            cool_down: CoolDown::new(SHORTEST, LONGEST),
            tripped: AtomicBool::new(false),
        }
    }

    fn is_tripped(&self) -> bool {
        self.tripped.load(Ordering::Acquire)
    }

    fn trip(&self) {
        self.cool_down.failed(real_now());
        self.tripped.store(true, Ordering::Release);
    }

    /// In this order, a failure that is written meanwhile is at worst forgotten, not overlooked for ever.
    fn reset(&self) {
        self.tripped.store(false, Ordering::Release);
        self.cool_down.succeeded();
    }
}

impl Troubles {
    pub(crate) const fn none() -> Self {
        Self {
            all: Breaker::new(),
            writes: Breaker::new(),
            slow: Mutex::new(None),
        }
    }

    /// May a call try?
    ///
    /// # Errors
    /// How long none should.
    pub(crate) fn enter(&self, request: &Request<'_>) -> Result<(), Duration> {
        if self.all.is_tripped() {
            self.all.cool_down.enter(real_now())?;
        }
        if self.writes.is_tripped() && !request.only_reads() {
            self.writes.cool_down.enter(real_now())?;
        }
        Ok(())
    }

    /// Keeps in mind how a call went.
    pub(crate) fn note<T>(&self, request: &Request<'_>, answer: &Result<T, Problem>) {
        match answer {
            Err(problem) if problem.is_outage() => return self.all.trip(),
            Err(Problem::Client(_) | Problem::SlowOnce(_)) => return,
            Err(problem) if problem.rejects_writes() => self.writes.trip(),
            _ if self.writes.is_tripped() && !request.only_reads() => self.writes.reset(),
            _ => {}
        }
        if self.all.is_tripped() {
            self.all.reset();
            *lock(&self.slow) = None;
        }
    }

    /// No answer came on that connection in this time. Only where none came on another one either, and none since, is the
    /// server to be left alone: what one large answer holds up is all on one connection.
    pub(crate) fn slow(&self, link: LinkId, limit: Duration) -> Problem {
        self.all.tripped.store(true, Ordering::Release);
        match *lock(&self.slow).get_or_insert(link) == link {
            true => Problem::SlowOnce(limit),
            false => Problem::Slow(limit),
        }
    }
}
