//! Waiting for a backend, but not for ever: the cache is an aid, and a hung one must not hang the calls.

use std::future::Future;
use std::time::Duration;

use opero_core::BackendError;
use opero_core::clock::real_timeout;

/// The result of `asked`, or an error once it took longer than `limit`, where there is one.
///
/// A backend in memory has no part of it to pay. It counts real time whatever the pipeline's clock is: a store takes real
/// time, and beside a clock that a test moves it would seem to hang, or never to. And it is no runtime's timer, since a
/// synchronous call may block the very thread that drives it.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    asked: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    let Some(limit) = limit else {
        return asked.await;
    };
    match real_timeout(limit, asked).await {
        Some(answer) => answer,
        None => Err(BackendError::new(format!("no answer within {limit:?}"))),
    }
}

/// The result of dropping a whole function's entries, which takes a round of the store: [`within`] sixty times as long.
pub(crate) async fn clearing<T>(
    limit: Option<Duration>,
    asked: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    within(limit.map(|limit| limit.saturating_mul(60)), asked).await
}
