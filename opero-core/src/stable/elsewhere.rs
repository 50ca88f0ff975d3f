//! One execution in another process, from the bytes of its arguments to what it came to.

use super::OutcomeCodec;
use crate::{CodecError, Context, Error, Event, RefusedKind, Remote};

/// Has `remote` execute the function once, on arguments that have become bytes, or have not.
///
/// # Errors
/// The function's own; the refusal of the remote; or [`RefusedKind::Transfer`], where arguments or outcome do not pass.
pub async fn execute<T, E>(
    cx: &Context<'_>,
    remote: &dyn Remote,
    arguments: Result<Vec<u8>, CodecError>,
    codec: OutcomeCodec<T, E>,
) -> Result<T, Error<E>> {
    let arguments = arguments.map_err(transfer)?;
    let executed = remote
        .execute(arguments, cx.attempt_limit())
        .await
        .map_err(Error::refused)?;
    cx.emit(Event::ExecutedBy {
        worker: executed.worker,
        waited: executed.waited,
        elapsed: executed.elapsed,
    });
    let outcome = executed.outcome.map_err(Error::refused)?;
    let decoded = codec.decode(&outcome);
    remote.reuse(outcome);
    decoded.map_err(transfer)?
}

fn transfer<E>(error: CodecError) -> Error<E> {
    let reason = error.to_string();
    Error::refused(RefusedKind::Transfer { reason })
}
