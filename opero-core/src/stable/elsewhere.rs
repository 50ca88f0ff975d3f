//! A typed execution in another process, from the bytes of its arguments to what it came to.

use super::OutcomeCodec;
use crate::{CodecError, Context, Error, Remote, remote};

/// Has `remote` execute the function once, on arguments that have become bytes, or have not.
///
/// # Errors
/// The function's own; the rejection of the remote; or [`RejectedKind::Transfer`](crate::RejectedKind::Transfer), where
/// arguments or outcome do not pass.
pub async fn execute<T, E>(
    cx: &Context<'_>,
    remote: &dyn Remote,
    arguments: Result<Vec<u8>, CodecError>,
    codec: OutcomeCodec<T, E>,
) -> Result<T, Error<E>> {
    let outcome = remote::execute(cx, remote, arguments)
        .await
        .map_err(Error::rejected)?;
    let decoded = codec.decode(&outcome);
    remote.reuse(outcome);
    decoded.map_err(|error| Error::rejected(remote::transfer(&error)))?
}
