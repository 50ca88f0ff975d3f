use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{self, Poll};
use std::time::Duration;

use opero_core::clock::Sleep;
use opero_core::mechanism::pass_through;
use opero_core::{
    Attempt, AttemptLimit, Clock, ConfigError, Context, Error, Event, Instant, Mechanism, Next,
    Operation, Outcome, Rejected, RejectedKind, Stage, WaitMode,
};

/// The stage that gives an attempt a limited time: `attempt_timeout`.
///
/// An attempt that is not ready by then is dropped, and the call is rejected with [`RejectedKind::AttemptTimeout`],
/// which a [`Retry`](crate::Retry) around this stage tries again. A result that is ready is never thrown away, late or
/// not. The timer is made only for an attempt that does not finish at its first poll.
///
/// Nothing can stop a synchronous function, and an `Ok` thrown away for being late has had its effect all the same. So
/// in a blocking call this stage rejects, before the function runs, with a [`ConfigError`] that says so.
///
/// ```
/// use opero_retry::{Stage, Timeout};
/// use std::time::Duration;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
/// # runtime.block_on(async {
/// let quick = Timeout::new(Duration::from_millis(5))?;
/// let error = quick.run(|_| std::future::pending::<Result<(), &str>>()).await.unwrap_err();
/// assert!(error.is_timeout());
/// # Ok::<(), opero_retry::ConfigError>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Timeout {
    limit: Duration,
}

impl Timeout {
    /// Gives each attempt at most `limit`.
    ///
    /// # Errors
    /// A `limit` of zero, in which nothing can be done.
    pub fn new(limit: Duration) -> Result<Self, ConfigError> {
        if limit.is_zero() {
            return Err(ConfigError::new(
                "attempt_timeout",
                "is zero, so no attempt could ever finish",
                "write a longer time, or leave it out for no limit",
            ));
        }
        Ok(Self { limit })
    }

    /// Starts the time of an attempt that is not driven by this stage.
    #[inline]
    pub fn start(&self, clock: &dyn Clock) -> Timer {
        Timer {
            started: clock.now(),
            limit: self.limit,
            sleep: None,
        }
    }

    /// The time that each attempt has.
    pub const fn limit(&self) -> Duration {
        self.limit
    }
}

impl<T: Send, E: Send> Stage<T, E> for Timeout {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        pass_through(self, cx, attempt, &next, None).await
    }
}

impl Mechanism for Timeout {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        if cx.remote().is_some() {
            // The remote runs the attempt: it knows when the attempt starts, and can stop it.
            let cx = cx.with_attempt_limit(AttemptLimit(self.limit));
            next.attempt(&cx, attempt).await;
            return tell_timeout(&cx, next.outcome());
        }
        if cx.wait_mode() == WaitMode::Blocking {
            return reject(cx, attempt, next.outcome(), unstoppable());
        }
        if !self.finished(cx, attempt, next).await {
            let kind = RejectedKind::AttemptTimeout { limit: self.limit };
            reject(cx, attempt, next.outcome(), kind);
        }
    }
}

impl Timeout {
    /// Returns `true` if the attempt ended in time.
    async fn finished<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) -> bool {
        let mut timer = self.start(cx.clock());
        let mut running = pin!(next.attempt(cx, attempt));
        poll_fn(|task| {
            // The attempt first: at the limit, a result is better than a rejection.
            if running.as_mut().poll(task).is_ready() {
                return Poll::Ready(true);
            }
            timer.poll(cx.clock(), task).map(|()| false)
        })
        .await
    }
}

#[cold]
fn reject(
    cx: &Context<'_>,
    attempt: Attempt,
    outcome: &mut dyn Outcome,
    rejected: impl Into<Rejected>,
) {
    let rejected = rejected.into();
    cx.emit(Event::Rejected {
        kind: rejected.kind(),
    });
    outcome.reject(attempt, rejected);
}

/// A timeout that a worker's supervisor found is told as one that is found here.
fn tell_timeout(cx: &Context<'_>, outcome: &dyn Outcome) {
    if let Some(kind @ RejectedKind::AttemptTimeout { .. }) =
        outcome.rejection().map(Rejected::kind)
    {
        cx.emit(Event::Rejected { kind });
    }
}

fn unstoppable() -> ConfigError {
    ConfigError::new(
        "attempt_timeout",
        "is set for a synchronous function, which nothing can stop",
        "make the function async, or leave `attempt_timeout` out",
    )
}

/// The time of one attempt, from [`Timeout::start`].
///
/// Its sleep is made only when it is first waited for, and still counts from the start.
pub struct Timer {
    started: Instant,
    limit: Duration,
    sleep: Option<Sleep>,
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl Timer {
    /// Returns `true` if the time is over. `clock` is the one that the timer was started with.
    pub fn poll(&mut self, clock: &dyn Clock, task: &mut task::Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| {
            let left = self.limit.saturating_sub(clock.now().since(self.started));
            clock.sleep(left)
        });
        Pin::new(sleep).poll(task)
    }
}
