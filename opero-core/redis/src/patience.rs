//! How long something is waited for on a runtime that does not always run.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use opero_core::clock::real_timeout;
use tokio::runtime::Handle;
use tokio::task::yield_now;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    /// None came in this time.
    Slow(Duration),
    /// The runtime that would have read it stands still, for longer than this.
    Stalled(Duration),
}

/// Waits for `answer`, which comes over a connection on `runtime`, for as long as `limit` and then `more` say.
///
/// A caller may keep its runtime from reading what is there: then not the server is slow. So the time is counted in two
/// parts, and after each the runtime has to go round once; however long it stands still, that costs one part at most.
pub(crate) async fn wait<T>(
    runtime: &Handle,
    limit: Duration,
    more: impl FnOnce() -> Duration,
    answer: impl Future<Output = T>,
) -> Result<T, Late> {
    let mut answer = pin!(answer);
    let half = limit / 2;
    if let Some(answer) = real_timeout(half, answer.as_mut()).await {
        return Ok(answer);
    }
    // Boxed: seldom there is more to wait for.
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
                None => return Err(Late::Stalled(limit)),
            }
        }
        Err(Late::Slow(limit))
    })
    .await
}

/// Until the runtime has looked at its connections, and those who were waiting for them have had their turn. At once where
/// it has ended.
async fn turn(runtime: &Handle) {
    let rounds = runtime.spawn(async {
        // Whoever yields is called again after the next look at the connections. What was read there wakes one task, and
        // that one the next.
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
            assert_eq!(late, Err(Late::Slow(LIMIT + more)));
            assert!(started.elapsed() >= LIMIT + more);
        }
        assert_eq!(wait(&runtime, LIMIT, nothing, async { 7 }).await, Ok(7));
    }

    #[test]
    fn a_runtime_that_nobody_drives_is_told_from_a_slow_server() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let late = wait(runtime.handle(), LIMIT, nothing, pending::<()>());
        assert_eq!(opero_core::block_on(late), Err(Late::Stalled(LIMIT)));
    }
}
