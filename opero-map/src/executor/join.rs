use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::WorkerLoop;

/// Drives worker loops concurrently within one task, and polls only those that were woken.
pub(crate) struct JoinedLoops<'a>(FuturesUnordered<WorkerLoop<'a>>);

impl<'a> JoinedLoops<'a> {
    pub(crate) fn new(loops: Vec<WorkerLoop<'a>>) -> Self {
        Self(loops.into_iter().collect())
    }
}

impl Future for JoinedLoops<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        while ready!(self.0.poll_next_unpin(cx)).is_some() {}
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_loop_that_never_waits_does_not_starve_the_others() {
        let stop = Arc::new(AtomicBool::new(false));
        let turns = Arc::new(AtomicUsize::new(0));
        let greedy = {
            let (stop, turns) = (Arc::clone(&stop), Arc::clone(&turns));
            poll_fn(move |cx| {
                if stop.load(Ordering::Relaxed) {
                    return Poll::Ready(());
                }
                turns.fetch_add(1, Ordering::Relaxed);
                cx.waker().wake_by_ref();
                Poll::Pending
            })
        };
        let other = async move { stop.store(true, Ordering::Relaxed) };
        let loops: Vec<WorkerLoop<'_>> = vec![Box::pin(greedy), Box::pin(other)];
        opero_core::block_on(JoinedLoops::new(loops));
        assert_eq!(turns.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn no_loop_is_nothing_to_wait_for() {
        opero_core::block_on(JoinedLoops::new(Vec::new()));
    }
}
