//! Timeouts on a runtime that does not always run.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use opero_core::clock::real_timeout;
use tokio::runtime::Handle;
use tokio::task::yield_now;

/// Why no answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimedOut {
    /// The server did not answer in this time.
    Slow(Duration),
    /// The runtime that would have read the answer has been blocked for longer than this.
    Stalled(Duration),
}

/// Waits for `answer`, which comes over a connection on `runtime`, for `limit` and then `more`.
///
/// A caller that blocks its runtime keeps it from reading an answer that is there: then the server is not slow. So the
/// time is counted in two parts, and after each the runtime has to complete a turn; a blocked runtime costs one part at
/// most.
pub(crate) async fn wait<T>(
    runtime: &Handle,
    limit: Duration,
    more: impl FnOnce() -> Duration,
    answer: impl Future<Output = T>,
) -> Result<T, TimedOut> {
    let mut answer = pin!(answer);
    let half = limit / 2;
    if let Some(answer) = real_timeout(half, answer.as_mut()).await {
        return Ok(answer);
    }
    // Boxed: most answers come in the first half.
    Box::pin(async move {
        let limit = limit.saturating_add(more());
        for part in [Duration::ZERO, limit.saturating_sub(half)] {
            if let Some(answer) = real_timeout(part, answer.as_mut()).await {
                return Ok(answer);
            }
            let turned = pin!(turn(runtime));
            match real_timeout(limit, select(answer.as_mut(), turned)).await {
                Some(Either::Left((answer, _))) => return Ok(answer),
                Some(Either::Right(((), _))) => {}
                None => return Err(TimedOut::Stalled(limit)),
            }
        }
        Err(TimedOut::Slow(limit))
    })
    .await
}

/// Returns once the runtime has polled its connections and the tasks that they woke; at once where it has ended.
async fn turn(runtime: &Handle) {
    let rounds = runtime.spawn(async {
        // A task that yields is polled again after the next poll of the connections. What was read there wakes one task,
        // and that one the next.
        for _ in 0..4 {
            yield_now().await;
        }
    });
    let _ = rounds.await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use std::time::Instant;

    const LIMIT: Duration = Duration::from_millis(40);

    fn nothing() -> Duration {
        Duration::ZERO
    }

    #[tokio::test]
    async fn a_limit_is_kept_and_more_is_added_to_it() {
        let runtime = Handle::current();
        for more in [Duration::ZERO, LIMIT] {
            let started = Instant::now();
            let late = wait(&runtime, LIMIT, || more, pending::<()>()).await;
            assert_eq!(late, Err(TimedOut::Slow(LIMIT + more)));
            assert!(started.elapsed() >= LIMIT + more);
        }
        assert_eq!(wait(&runtime, LIMIT, nothing, async { 7 }).await, Ok(7));
    }

    #[test]
    fn an_undriven_runtime_is_told_from_a_slow_server() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let late = wait(runtime.handle(), LIMIT, nothing, pending::<()>());
        assert_eq!(opero_core::block_on(late), Err(TimedOut::Stalled(LIMIT)));
    }
}
