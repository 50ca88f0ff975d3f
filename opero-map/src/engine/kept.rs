use opero_core::{Error, RejectedKind};

use super::Outbox;
use crate::report::statistics::Shard;

/// The results that a lane keeps for itself. They reach the outbox however the lane ends: a run that is stopped at once
/// returns them too, with an error in the place of the item that was running.
pub(super) struct Kept<'a, O: Outbox<Result<T, Error<E>>>, T, E> {
    outbox: &'a O,
    local: O::Local,
    running: Option<usize>,
    shard: Option<&'a Shard>,
}

/// The result of an item whose run was stopped before it had one.
pub(crate) fn stopped<T, E>() -> Result<T, Error<E>> {
    Err(Error::rejected(RejectedKind::Stopped))
}

impl<'a, O: Outbox<Result<T, Error<E>>>, T, E> Kept<'a, O, T, E> {
    pub(super) fn new(outbox: &'a O, shard: Option<&'a Shard>) -> Self {
        Self {
            outbox,
            local: outbox.local(),
            running: None,
            shard,
        }
    }

    /// The item at `index` begins: from here on it has a result, whatever happens.
    #[inline]
    pub(super) fn begin(&mut self, index: usize) {
        self.running = Some(index);
    }

    #[inline]
    pub(super) fn put(&mut self, index: usize, result: Result<T, Error<E>>) {
        self.running = None;
        self.outbox.put(&mut self.local, index, result);
    }

    /// [`put`](Self::put) for an error. Out of line, so that a value goes where it stays on a path of its own: on a shared one
    /// it is read from the stack as a whole before the processor has written its parts.
    #[cold]
    #[inline(never)]
    pub(super) fn put_error(&mut self, index: usize, result: Result<T, Error<E>>) {
        self.put(index, result);
    }
}

impl<O: Outbox<Result<T, Error<E>>>, T, E> Drop for Kept<'_, O, T, E> {
    fn drop(&mut self) {
        if let Some(index) = self.running {
            if let Some(shard) = self.shard {
                shard.record(None, false);
            }
            self.put_error(index, stopped());
        }
        self.outbox.flush(&mut self.local);
    }
}
