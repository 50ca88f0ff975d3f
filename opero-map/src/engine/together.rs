use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use opero_core::sync::lock;

use crate::executor::Lane;

/// Drives lanes at the same time within one task, and polls only those that were woken.
pub(crate) struct Together<'a> {
    lanes: Vec<Option<Lane<'a>>>,
    tickets: Vec<(Arc<Ticket>, Waker)>,
    ready: Arc<Ready>,
    open: usize,
}

/// The lanes that were woken, in the order of their wake-ups.
struct Ready {
    queue: Mutex<Queue>,
}

struct Queue {
    lanes: VecDeque<usize>,
    task: Waker,
}

/// A lane's place in the queue: it stands there once, however often it is woken.
struct Ticket {
    lane: usize,
    queued: AtomicBool,
    ready: Arc<Ready>,
}

/// After so many lanes that would rather go on than wait, the task lets the runtime's other tasks have their turn.
const YIELDS: usize = 2;

impl<'a> Together<'a> {
    pub(crate) fn new(lanes: Vec<Lane<'a>>) -> Self {
        let queue = Queue {
            lanes: (0..lanes.len()).collect(),
            task: Waker::noop().clone(),
        };
        let ready = Arc::new(Ready {
            queue: Mutex::new(queue),
        });
        let ticket = |lane| {
            let ticket = Arc::new(Ticket {
                lane,
                queued: AtomicBool::new(true),
                ready: Arc::clone(&ready),
            });
            (Arc::clone(&ticket), Waker::from(ticket))
        };
        Self {
            tickets: (0..lanes.len()).map(ticket).collect(),
            open: lanes.len(),
            lanes: lanes.into_iter().map(Some).collect(),
            ready,
        }
    }

    /// The next lane to poll. Where there is none, the task is woken once there is one.
    fn next(&self, cx: &Context<'_>) -> Option<usize> {
        let mut queue = lock(&self.ready.queue);
        let next = queue.lanes.pop_front();
        if next.is_none() && !queue.task.will_wake(cx.waker()) {
            queue.task = cx.waker().clone();
        }
        next
    }
}

impl Future for Together<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut yields = 0;
        // Lanes that keep waking each other must not keep the task from yielding either. One turn more than lanes, so
        // that where each of them waits this ends at the empty queue.
        for _ in 0..=this.lanes.len() {
            if this.open == 0 {
                return Poll::Ready(());
            }
            let Some(lane) = this.next(cx) else {
                return Poll::Pending;
            };
            let (ticket, waker) = &this.tickets[lane];
            ticket.queued.store(false, Ordering::Release);
            let slot = &mut this.lanes[lane];
            let Some(future) = slot else { continue };
            match future.as_mut().poll(&mut Context::from_waker(waker)) {
                Poll::Ready(()) => {
                    *slot = None;
                    this.open -= 1;
                }
                Poll::Pending if ticket.queued.load(Ordering::Acquire) => {
                    yields += 1;
                    if yields == YIELDS {
                        break;
                    }
                }
                Poll::Pending => {}
            }
        }
        if this.open == 0 {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Wake for Ticket {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut queue = lock(&self.ready.queue);
        queue.lanes.push_back(self.lane);
        // While the queue was not empty, the task is awake or has been woken.
        let task = (queue.lanes.len() == 1).then(|| queue.task.clone());
        drop(queue);
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn a_lane_that_never_waits_does_not_starve_the_others() {
        let stop = Arc::new(AtomicBool::new(false));
        let turns = Arc::new(AtomicUsize::new(0));
        let greedy = {
            let (stop, turns) = (Arc::clone(&stop), Arc::clone(&turns));
            std::future::poll_fn(move |cx| {
                if stop.load(Ordering::Relaxed) {
                    return Poll::Ready(());
                }
                turns.fetch_add(1, Ordering::Relaxed);
                cx.waker().wake_by_ref();
                Poll::Pending
            })
        };
        let other = async move { stop.store(true, Ordering::Relaxed) };
        let lanes: Vec<Lane<'_>> = vec![Box::pin(greedy), Box::pin(other)];
        opero_core::block_on(Together::new(lanes));
        assert_eq!(turns.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn no_lane_is_nothing_to_wait_for() {
        opero_core::block_on(Together::new(Vec::new()));
    }
}
