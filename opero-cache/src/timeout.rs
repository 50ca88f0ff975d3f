//! Timeouts for backends: a hung one must not hang the calls.

use std::future::Future;
use std::time::Duration;

use opero_core::BackendError;
use opero_core::clock::real_timeout;

/// Returns the answer, or an error where it takes longer than `limit`; `None`: no limit.
///
/// It counts real time, whatever the pipeline's clock is: a store takes real time, and beside a clock that a test moves it
/// would seem to hang, or never to. It is no runtime's timer, since a synchronous call may block the very thread that
/// drives it.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    answer: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    let Some(limit) = limit else {
        return answer.await;
    };
    match real_timeout(limit, answer).await {
        Some(answer) => answer,
        None => Err(BackendError::new(format!("no answer within {limit:?}"))),
    }
}

/// Returns the answer to a clear, which takes a round of the store: [`within`] sixty times `limit`.
pub(crate) async fn within_clear<T>(
    limit: Option<Duration>,
    answer: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    within(limit.map(|limit| limit.saturating_mul(60)), answer).await
}
