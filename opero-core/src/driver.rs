//! Driving the one async implementation from synchronous code.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Runs `future` to its end on this thread.
///
/// A pipeline around a synchronous function sleeps inside its poll and is ready at the first one, so the common case
/// allocates nothing and never parks. Only a follower in a single-flight, a waiter for a permit, or a remote backend
/// parks the thread.
///
/// ```
/// assert_eq!(opero_core::block_on(async { 21 * 2 }), 42);
/// ```
#[inline]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // Whoever kept this waker woke nobody; the second poll hands out one that counts.
    if let Poll::Ready(output) = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        return output;
    }
    with_thread_waker(|waker| {
        let mut cx = Context::from_waker(waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            // A wake-up between the poll and here left its token, so it is not lost; a spurious one only polls again.
            thread::park();
        }
    })
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Calls `f` with this thread's waker, made once a thread and lent out while it is in use.
fn with_thread_waker<R>(f: impl FnOnce(&Waker) -> R) -> R {
    thread_local! {
        static WAKER: Cell<Option<Waker>> = const { Cell::new(None) };
    }
    let waker = WAKER
        .try_with(Cell::take)
        .ok()
        .flatten()
        .unwrap_or_else(|| Arc::new(Unpark(thread::current())).into());
    let result = f(&waker);
    // A thread that is being torn down has no more locals, and needs none.
    let _ = WAKER.try_with(|slot| slot.set(Some(waker)));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_wake_up_from_another_thread_arrives() {
        let (sender, receiver) = mpsc::channel::<Waker>();
        let waking = thread::spawn(move || {
            for waker in receiver {
                waker.wake();
            }
        });
        let mut polls = 0;
        block_on(std::future::poll_fn(|cx| {
            polls += 1;
            if polls == 5 {
                return Poll::Ready(());
            }
            sender.send(cx.waker().clone()).unwrap();
            Poll::Pending
        }));
        drop(sender);
        waking.join().unwrap();
        assert_eq!(polls, 5);
    }

    #[test]
    fn nested_drivers_do_not_disturb_each_other() {
        let mut first = true;
        let answer = block_on(std::future::poll_fn(|cx| {
            if std::mem::take(&mut first) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(block_on(async { 7 }))
        }));
        assert_eq!(answer, 7);
    }
}
