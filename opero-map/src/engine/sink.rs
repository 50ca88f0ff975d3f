use std::task::{Context, Poll};

/// Where the results of a run go.
pub(crate) trait ResultSink<R>: Send + Sync {
    /// Results that a worker loop holds back, so that loops do not contend for each item.
    type Local: Send;

    /// `true` if worker loops may take items in batches: where no consumer waits for single
    /// results.
    const BATCHED: bool;

    /// Creates the local results of a worker loop.
    fn local(&self) -> Self::Local;

    /// Waits for room for one more result. Granted room is used, or never needed again.
    fn poll_room(&self, worker_loop: usize, cx: &mut Context<'_>) -> Poll<()>;

    /// Takes the result of the item at `index` of the input.
    fn put(&self, local: &mut Self::Local, index: usize, result: R);

    /// Takes the local results of a worker loop at its end.
    fn flush(&self, local: &mut Self::Local);

    /// Counts a worker loop that begins.
    fn loop_opened(&self);

    /// Counts a worker loop that ended or was dropped. After the last one no results follow.
    fn loop_closed(&self);
}
