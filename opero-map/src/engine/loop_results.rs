use opero_core::{Error, RejectedKind};

use super::sink::ResultSink;
use crate::report::statistics::Shard;

/// The local results of a worker loop. They reach the sink however the loop ends: a run that is
/// stopped at once returns them too, with an error for the item that was running.
pub(super) struct LoopResults<'a, O: ResultSink<Result<T, Error<E>>>, T, E> {
    sink: &'a O,
    local: O::Local,
    running: Option<usize>,
    shard: Option<&'a Shard>,
}

/// Returns the result of an item whose run was stopped before it had one.
pub(crate) fn stopped<T, E>() -> Result<T, Error<E>> {
    Err(Error::rejected(RejectedKind::Stopped))
}

impl<'a, O: ResultSink<Result<T, Error<E>>>, T, E> LoopResults<'a, O, T, E> {
    pub(super) fn new(sink: &'a O, shard: Option<&'a Shard>) -> Self {
        Self {
            sink,
            local: sink.local(),
            running: None,
            shard,
        }
    }

    /// Begins the item at `index`, which has a result from here on.
    #[inline]
    pub(super) fn begin(&mut self, index: usize) {
        self.running = Some(index);
    }

    #[inline]
    pub(super) fn put(&mut self, index: usize, result: Result<T, Error<E>>) {
        self.running = None;
        self.sink.put(&mut self.local, index, result);
    }

    /// [`put`](Self::put) for an error. Out of line, so that a value goes where it stays on a path
    /// of its own: on a shared one it is read from the stack as a whole before the processor has
    /// written its parts.
    #[cold]
    #[inline(never)]
    pub(super) fn put_error(&mut self, index: usize, result: Result<T, Error<E>>) {
        self.put(index, result);
    }
}

impl<O: ResultSink<Result<T, Error<E>>>, T, E> Drop for LoopResults<'_, O, T, E> {
    fn drop(&mut self) {
        if let Some(index) = self.running {
            if let Some(shard) = self.shard {
                shard.record(None, false);
            }
            self.put_error(index, stopped());
        }
        self.sink.flush(&mut self.local);
    }
}
