use std::marker::PhantomData;

use super::Outbox;

/// The results that a lane keeps for itself. They reach the outbox however the lane ends: a run that is stopped at once
/// returns them too.
pub(super) struct Kept<'a, O: Outbox<R>, R> {
    outbox: &'a O,
    local: O::Local,
    result: PhantomData<fn(R)>,
}

impl<'a, O: Outbox<R>, R> Kept<'a, O, R> {
    pub(super) fn new(outbox: &'a O) -> Self {
        Self {
            outbox,
            local: outbox.local(),
            result: PhantomData,
        }
    }

    #[inline]
    pub(super) fn put(&mut self, index: usize, result: R) {
        self.outbox.put(&mut self.local, index, result);
    }

    /// [`put`](Self::put) for an error. Out of line, so that a value goes where it stays on a path of its own: on a shared one
    /// it is read from the stack as a whole before the processor has written its parts.
    #[cold]
    #[inline(never)]
    pub(super) fn put_error(&mut self, index: usize, result: R) {
        self.put(index, result);
    }
}

impl<O: Outbox<R>, R> Drop for Kept<'_, O, R> {
    fn drop(&mut self) {
        self.outbox.flush(&mut self.local);
    }
}
