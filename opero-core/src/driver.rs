//! Driving the one async implementation from synchronous code.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    let _blocking = Blocking::start();
    let mut future = pin!(future);
    // A wake-up of this waker wakes no thread; the second poll hands out one that does.
    if let Poll::Ready(output) = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        return output;
    }
    with_thread_unpark(|unpark, waker| {
        let mut cx = Context::from_waker(waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            unpark.wait();
        }
    })
}

/// Returns `true` if this thread is inside [`block_on`].
///
/// Then it drives nothing else meanwhile: neither the tokio runtime that it may belong to, nor what depends on that. A
/// backend that does input and output asks this, and lets another thread do it.
pub fn is_blocking() -> bool {
    BLOCKING.try_with(Cell::get).unwrap_or(false)
}

thread_local! {
    static BLOCKING: Cell<bool> = const { Cell::new(false) };
}

/// Marks the thread as blocking, for as long as it lives.
struct Blocking {
    before: bool,
}

impl Blocking {
    #[inline]
    fn start() -> Self {
        let before = BLOCKING.try_with(|blocking| blocking.replace(true));
        Self {
            before: before.unwrap_or(false),
        }
    }
}

impl Drop for Blocking {
    #[inline]
    fn drop(&mut self) {
        let _ = BLOCKING.try_with(|blocking| blocking.set(self.before));
    }
}

/// Wakes one `block_on` of a thread.
///
/// A thread has one parking token, and a future may drive another one on the same thread, whose parking takes the token
/// that was meant for the outer. So each keeps a flag of its own, and the token only says: look at your flag.
struct Unpark {
    thread: Thread,
    woken: AtomicBool,
}

impl Unpark {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            thread: thread::current(),
            woken: AtomicBool::new(false),
        })
    }

    /// Parks until woken; a wake-up since the last wait counts.
    fn wait(&self) {
        while !self.woken.swap(false, Ordering::AcqRel) {
            thread::park();
        }
    }
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Before the token, since the thread that it unparks looks at the flag.
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Calls `f` with this thread's waker, made once a thread and lent out: while it is in use, another `block_on` within
/// makes its own.
fn with_thread_unpark<R>(f: impl FnOnce(&Unpark, &Waker) -> R) -> R {
    thread_local! {
        static LENT: Cell<Option<(Arc<Unpark>, Waker)>> = const { Cell::new(None) };
    }
    let lent = LENT.try_with(Cell::take).ok().flatten();
    let (unpark, waker) = lent.unwrap_or_else(|| {
        let unpark = Unpark::new();
        (Arc::clone(&unpark), unpark.into())
    });
    let result = f(&unpark, &waker);
    // A thread that is being torn down has no more locals, and needs none.
    let _ = LENT.try_with(|slot| slot.set(Some((unpark, waker))));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, mpsc};
    use std::time::Duration;

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
    fn a_thread_knows_that_it_blocks() {
        assert!(!is_blocking());
        block_on(async {
            assert!(is_blocking());
            block_on(async { assert!(is_blocking()) });
            assert!(is_blocking());
        });
        assert!(!is_blocking());
        let panicked =
            std::panic::catch_unwind(|| block_on(async { panic!("this panic is wanted") }));
        assert!(panicked.is_err());
        assert!(!is_blocking());
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

    /// Ready once `woken` is set; its latest waker lies in `kept`.
    async fn until_woken(woken: &AtomicBool, kept: &Mutex<Option<Waker>>) {
        std::future::poll_fn(|cx| {
            *kept.lock().unwrap() = Some(cx.waker().clone());
            match woken.load(Ordering::SeqCst) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }

    /// The outer future is woken while the inner one is parked, and the inner one takes the thread's token.
    #[test]
    fn a_nested_driver_swallows_no_wake_up_of_the_outer() {
        let [outer_woken, inner_woken] = [const { AtomicBool::new(false) }; 2];
        let [outer_kept, inner_kept] = [const { Mutex::new(None::<Waker>) }; 2];
        let wake = |woken: &AtomicBool, kept: &Mutex<Option<Waker>>| {
            woken.store(true, Ordering::SeqCst);
            let waker = kept.lock().unwrap().take();
            waker.unwrap().wake();
        };
        let (inner_parks, parked) = mpsc::channel();
        let (finished, done) = mpsc::channel();
        thread::scope(|scope| {
            let driver = scope.spawn(|| {
                let mut outer = pin!(until_woken(&outer_woken, &outer_kept));
                let mut polls = 0;
                block_on(std::future::poll_fn(|cx| {
                    polls += 1;
                    if polls > 2 {
                        return outer.as_mut().poll(cx);
                    }
                    let pending = outer.as_mut().poll(cx);
                    // The first poll's waker wakes no thread; the second one's does.
                    if polls == 1 {
                        return pending;
                    }
                    let mut inner = pin!(until_woken(&inner_woken, &inner_kept));
                    let mut inner_polls = 0;
                    block_on(std::future::poll_fn(|cx| {
                        inner_polls += 1;
                        let polled = inner.as_mut().poll(cx);
                        if inner_polls == 2 {
                            inner_parks.send(()).unwrap();
                        }
                        polled
                    }));
                    pending
                }));
                finished.send(()).unwrap();
            });
            parked.recv().unwrap();
            wake(&outer_woken, &outer_kept);
            // Time for the inner to take the token; a driver in order passes however long it is.
            thread::sleep(Duration::from_millis(50));
            wake(&inner_woken, &inner_kept);
            let in_time = done.recv_timeout(Duration::from_secs(20));
            // Helps a driver that lost the wake-up to its end, so that the test fails and does not hang.
            driver.thread().unpark();
            assert_eq!(in_time, Ok(()));
        });
    }
}
