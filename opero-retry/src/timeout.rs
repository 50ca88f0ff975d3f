use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{self, Poll};
use std::time::Duration;

use opero_core::clock::Sleep;
use opero_core::{
    Attempt, AttemptLimit, ConfigError, Context, Error, Event, Instant, Operation, Refused,
    RefusedKind, Stage, Waiting,
};

/// The stage that gives an attempt a limited time: `attempt_timeout`.
///
/// An attempt that is not ready by then is dropped, and the call is refused with [`RefusedKind::AttemptTimeout`],
/// which a [`Retry`](crate::Retry) around this stage tries again. A result that is ready is never thrown away, late or
/// not. The timer is made only for an attempt that does not finish at its first poll.
///
/// Nothing can stop a synchronous function, and an `Ok` thrown away for being late has had its effect all the same. So
/// in a blocking call this stage refuses, before the function runs, with a [`ConfigError`] that says so.
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

    /// The time that each attempt has.
    pub const fn limit(&self) -> Duration {
        self.limit
    }
}

impl<T: Send, E: Send> Stage<T, E> for Timeout {
    // An `async fn` would hold every argument twice in its future.
    #[allow(clippy::manual_async_fn)]
    #[inline]
    fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        async move {
            if cx.remote().is_some() {
                // Whoever runs the attempt knows when it starts, and can stop it.
                let cx = cx.with_attempt_limit(AttemptLimit(self.limit));
                return match next.attempt(&cx, attempt).await {
                    Err(error) => Err(told(&cx, error)),
                    ok => ok,
                };
            }
            if cx.waiting() == Waiting::Blocking {
                return Err(refuse(cx, unstoppable()));
            }
            let mut timer = Timer::start(cx, self.limit);
            let mut running = pin!(next.attempt(cx, attempt));
            let ended = poll_fn(|task| {
                // The attempt first: at the limit, a result is better than a refusal.
                if let Poll::Ready(result) = running.as_mut().poll(task) {
                    return Poll::Ready(Some(result));
                }
                timer.poll(cx, task).map(|()| None)
            });
            match ended.await {
                Some(result) => result,
                None => Err(refuse(
                    cx,
                    RefusedKind::AttemptTimeout { limit: self.limit },
                )),
            }
        }
    }
}

#[cold]
fn refuse<E>(cx: &Context<'_>, refused: impl Into<Refused>) -> Error<E> {
    let refused = refused.into();
    cx.emit(Event::Refused {
        kind: refused.kind(),
    });
    Error::refused(refused)
}

/// A timeout that somebody else found is told as one that is found here.
#[cold]
fn told<E>(cx: &Context<'_>, error: Error<E>) -> Error<E> {
    if let Some(kind @ RefusedKind::AttemptTimeout { .. }) = error.refusal().map(Refused::kind) {
        cx.emit(Event::Refused { kind });
    }
    error
}

fn unstoppable() -> ConfigError {
    ConfigError::new(
        "attempt_timeout",
        "is set for a synchronous function, which nothing can stop",
        "make the function async, or leave `attempt_timeout` out",
    )
}

/// A sleep that is allocated only when it is first waited for, and still counts from the start.
struct Timer {
    started: Instant,
    limit: Duration,
    sleep: Option<Sleep>,
}

impl Timer {
    #[inline]
    fn start(cx: &Context<'_>, limit: Duration) -> Self {
        Self {
            started: cx.now(),
            limit,
            sleep: None,
        }
    }

    fn poll(&mut self, cx: &Context<'_>, task: &mut task::Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| {
            let left = self.limit.saturating_sub(cx.now().since(self.started));
            cx.clock().sleep(left)
        });
        Pin::new(sleep).poll(task)
    }
}
