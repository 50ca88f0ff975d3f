//! Waiting for a backend, but not for ever: the cache is an aid, and a hung one must not hang the calls.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use opero_core::BackendError;
use opero_core::clock::{Sleep, real_sleep};

/// The result of `asked`, or an error once it took longer than `limit`.
///
/// The timer is made at the first wait: a backend in memory costs none. It runs in real time whatever the pipeline's clock
/// is: a store takes real time, and beside a clock that a test moves it would seem to hang, or never to. And it is no
/// runtime's timer, since a synchronous call may block the very thread that drives it.
pub(crate) async fn within<T>(
    limit: Duration,
    asked: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    let mut asked = pin!(asked);
    let mut timer: Option<Sleep> = None;
    poll_fn(|task| {
        if let Poll::Ready(answer) = asked.as_mut().poll(task) {
            return Poll::Ready(answer);
        }
        let timer = timer.get_or_insert_with(|| real_sleep(limit));
        timer
            .as_mut()
            .poll(task)
            .map(|()| Err(BackendError::new(format!("no answer within {limit:?}"))))
    })
    .await
}
