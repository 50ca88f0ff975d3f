//! The circuit breakers of a server.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opero_core::CircuitBreaker;
use opero_core::clock::real_now;
use opero_core::sync::lock;

use crate::connection::Request;
use crate::error::Problem;
use crate::link::LinkId;

/// How long the circuit to a server that failed stays open: at first, and at most.
const MIN_OPEN: Duration = Duration::from_millis(500);
const MAX_OPEN: Duration = Duration::from_secs(10);

/// What failed at a server since its last answer.
pub(crate) struct Health {
    /// Rejects every request.
    all: Breaker,
    /// Rejects writes: the server is a replica, and answers reads.
    writes: Breaker,
    /// The connection on which an answer did not come.
    slow: Mutex<Option<LinkId>>,
}

struct Breaker {
    circuit: CircuitBreaker,
    /// `circuit` may be open. While this is `false`, no call takes the breaker's lock.
    is_tripped: AtomicBool,
}

impl Breaker {
    const fn new() -> Self {
        Self {
            circuit: CircuitBreaker::new(MIN_OPEN, MAX_OPEN),
            is_tripped: AtomicBool::new(false),
        }
    }

    fn is_tripped(&self) -> bool {
        self.is_tripped.load(Ordering::Acquire)
    }

    fn trip(&self) {
        self.circuit.on_failure(real_now());
        self.is_tripped.store(true, Ordering::Release);
    }

    /// Closes the circuit. In this order, a concurrent failure is at worst forgotten, never overlooked for good.
    fn reset(&self) {
        self.is_tripped.store(false, Ordering::Release);
        self.circuit.on_success();
    }
}

impl Health {
    pub(crate) const fn new() -> Self {
        Self {
            all: Breaker::new(),
            writes: Breaker::new(),
            slow: Mutex::new(None),
        }
    }

    /// Lets a request through where its circuit is closed, or where it is the probe.
    ///
    /// # Errors
    /// How long the circuit stays open.
    pub(crate) fn try_enter(&self, request: &Request<'_>) -> Result<(), Duration> {
        if self.all.is_tripped() {
            self.all.circuit.try_enter(real_now())?;
        }
        if self.writes.is_tripped() && !request.only_reads() {
            self.writes.circuit.try_enter(real_now())?;
        }
        Ok(())
    }

    /// Records the outcome of a request.
    pub(crate) fn record<T>(&self, request: &Request<'_>, answer: &Result<T, Problem>) {
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

    /// Records that no answer came on `link` within `limit`. The server counts as slow only where none came on another
    /// connection either, and none since: one large answer holds up all others on its connection.
    pub(crate) fn on_timeout(&self, link: LinkId, limit: Duration) -> Problem {
        self.all.is_tripped.store(true, Ordering::Release);
        match *lock(&self.slow).get_or_insert(link) == link {
            true => Problem::SlowOnce(limit),
            false => Problem::Slow(limit),
        }
    }
}
