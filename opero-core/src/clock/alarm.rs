//! A wake-up that depends on no task: neither on that which asked for it, nor on any other.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};
use std::time::Duration;

use super::timeout::{Waiting, real_timeout};
use super::{Clock, SystemClock};

/// One wake-up, which does not come once this is dropped.
///
/// It comes in the time in which tasks are polled: in real time, some milliseconds late, and in a tokio runtime whose time is
/// paused in that time. Outside such a runtime it needs none, and costs some 100 ns.
pub struct Alarm(Kind);

enum Kind {
    Real(#[expect(dead_code, reason = "it is only dropped")] Waiting),
    #[cfg(feature = "tokio")]
    Paused(tokio::task::AbortHandle),
}

impl Alarm {
    /// Wakes `waker` after `delay`. `None` where no thread keeps the time.
    pub fn after(delay: Duration, waker: Waker) -> Option<Self> {
        #[cfg(feature = "tokio")]
        if is_paused()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let task = runtime.spawn(async move {
                tokio::time::sleep(delay).await;
                waker.wake();
            });
            return Some(Self(Kind::Paused(task.abort_handle())));
        }
        Self::after_real(delay, waker)
    }

    /// Wakes `waker` after `delay` of real time, whatever the runtime's timer says. `None` where no thread keeps the time.
    pub fn after_real(delay: Duration, waker: Waker) -> Option<Self> {
        let end = std::time::Instant::now().checked_add(delay)?;
        Waiting::until(end, waker).map(|waiting| Self(Kind::Real(waiting)))
    }

    /// Returns `true` if the wake-up will not come any more, since the runtime that it depends on is gone.
    pub fn is_lost(&self) -> bool {
        match &self.0 {
            Kind::Real(_) => false,
            #[cfg(feature = "tokio")]
            Kind::Paused(task) => task.is_finished(),
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        #[cfg(feature = "tokio")]
        if let Kind::Paused(task) = &self.0 {
            task.abort();
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").finish_non_exhaustive()
    }
}

/// What `future` gives, or `None` once `limit` has passed: in real time, 10 ms late at most, and in a tokio runtime whose time
/// is paused in that time.
///
/// It costs a call that waits some 100 ns, and needs no runtime.
///
/// ```
/// use opero_core::clock::timeout;
/// use std::time::Duration;
///
/// let limit = Duration::from_millis(5);
/// assert_eq!(opero_core::block_on(timeout(limit, async { 7 })), Some(7));
/// assert_eq!(opero_core::block_on(timeout(limit, std::future::pending::<()>())), None);
/// ```
pub async fn timeout<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    if !is_paused() {
        return real_timeout(limit, future).await;
    }
    let mut future = pin!(future);
    let mut sleep = SystemClock.sleep(limit);
    poll_fn(|task| match future.as_mut().poll(task) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => sleep.as_mut().poll(task).map(|()| None),
    })
    .await
}

/// Returns `true` if the caller is in a tokio runtime whose time is paused, or was.
///
/// A thread that [blocks](crate::driver::is_blocking) is in none: the runtime under it does not run, nor does its time.
pub fn is_paused() -> bool {
    #[cfg(feature = "tokio")]
    {
        use std::time::Instant;
        if crate::driver::is_blocking() {
            return false;
        }
        let before = Instant::now();
        let time = tokio::time::Instant::now().into_std();
        time < before || time > Instant::now()
    }
    #[cfg(not(feature = "tokio"))]
    false
}

#[cfg(test)]
#[cfg(feature = "tokio")]
mod tests {
    use super::*;
    use std::future::pending;
    use std::sync::Arc;
    use std::task::Wake;

    struct Bell(tokio::sync::Notify);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.notify_one();
        }
    }

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test(start_paused = true)]
    async fn paused_time_rings() {
        assert!(is_paused());
        let started = tokio::time::Instant::now();
        let bell = Arc::new(Bell(tokio::sync::Notify::new()));
        let alarm = Alarm::after(HOUR, Arc::clone(&bell).into());
        bell.0.notified().await;
        assert!(alarm.is_some());
        assert_eq!(timeout(HOUR, pending::<()>()).await, None);
        assert_eq!(started.elapsed().as_secs(), 7_200);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_alarm_does_not_ring() {
        let bell = Arc::new(Bell(tokio::sync::Notify::new()));
        drop(Alarm::after(HOUR, Arc::clone(&bell).into()));
        assert_eq!(timeout(2 * HOUR, bell.0.notified()).await, None);
    }

    #[tokio::test]
    async fn real_time_rings_without_a_runtime() {
        assert!(!is_paused());
        let bell = Arc::new(Bell(tokio::sync::Notify::new()));
        let _alarm = Alarm::after(Duration::from_millis(5), Arc::clone(&bell).into());
        bell.0.notified().await;
    }
}
