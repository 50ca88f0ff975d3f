//! Running an async function, several calls at a time on one thread, so that it is known which of them is being polled.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use opero_core::EventCounts;
use tokio::runtime::Builder;

use super::super::function::AsyncOutcome;
use super::super::page::Page;
use super::super::wire::Kind;
use super::blocking::say;
use super::counter::Counter;
use super::inbox::Inbox;
use super::panics;
use super::replies::Replies;
use super::standard::{self, OrDie};

/// What all calls share.
struct Floor {
    page: Page,
    inbox: Arc<Inbox>,
    replies: Arc<Replies>,
    counter: Arc<Counter>,
    /// A task is about to say what waits.
    flushing: AtomicBool,
}

/// Runs until the process ends.
pub(super) fn run(
    function: fn(Vec<u8>) -> AsyncOutcome,
    page: Page,
    inbox: Arc<Inbox>,
    replies: Arc<Replies>,
    counter: Arc<Counter>,
) -> ! {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => super::unfit(&replies, &format!("no runtime could be started: {error}")),
    };
    let floor = Arc::new(Floor {
        page,
        inbox,
        replies,
        counter,
        flushing: AtomicBool::new(false),
    });
    // A task like the calls: what `block_on` itself runs has its turns between those of the system's events.
    let begins = runtime.spawn(begin(function, floor));
    let _ = runtime.block_on(begins);
    // Nobody begins any more.
    standard::die()
}

/// Begins one call after the other.
async fn begin(function: fn(Vec<u8>) -> AsyncOutcome, floor: Arc<Floor>) {
    loop {
        let (id, arguments) = poll_fn(|cx| floor.inbox.poll_next(cx)).await;
        let call = Running {
            id,
            floor: Arc::clone(&floor),
            // Inside the call, so that what panics before its first wait is caught as well.
            future: Some(Box::pin(async move { function(arguments).await })),
            counts: None,
        };
        let handle = tokio::spawn(call).abort_handle();
        floor.inbox.began(id, Box::new(move || handle.abort()));
        // It has its first turn before the next call is taken: one that never waits holds up none that could be given back.
        yield_now().await;
    }
}

/// Lets the tasks that are ready have their turn. The runtime's own way puts this one behind what it waits for as well.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// One call.
struct Running {
    id: u64,
    floor: Arc<Floor>,
    /// Until it has ended.
    future: Option<AsyncOutcome>,
    /// What was counted in its polls.
    counts: Option<EventCounts>,
}

impl Future for Running {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // What unwinds from here was no panic of the function's, and nobody would tell the parent of it.
        let unwinding = OrDie;
        let polled = self.step(cx);
        std::mem::forget(unwinding);
        polled
    }
}

impl Running {
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else {
            return Poll::Ready(());
        };
        let floor = &self.floor;
        if floor.page.set(self.id).is_err() {
            super::unfit(&floor.replies, "its page cannot be written");
        }
        let polled = panics::catch(|| future.as_mut().poll(cx));
        floor.counter.take(&mut self.counts);
        let ran = match polled {
            Ok(Poll::Pending) => {
                let _ = floor.page.set(0);
                return Poll::Pending;
            }
            Ok(Poll::Ready(ran)) => Ok(ran),
            Err(panicked) => Err(panicked),
        };
        // Its outcome is known, whatever its destructors do.
        let future = self.future.take();
        let _ = panics::catch(|| drop(future));
        let ran = match &ran {
            Ok(Ok(outcome)) => Ok(Ok(&outcome[..])),
            Ok(Err(error)) => Ok(Err(error.clone())),
            Err(panicked) => Err(panicked.clone()),
        };
        floor.counter.take(&mut self.counts);
        say(&floor.replies, self.id, self.counts.as_ref(), ran);
        let _ = floor.page.set(0);
        floor.inbox.ended(self.id);
        flush_soon(floor);
        Poll::Ready(())
    }
}

impl Drop for Running {
    /// Stopped before its end: what it holds is dropped, and then the parent may know.
    fn drop(&mut self) {
        let Some(future) = self.future.take() else {
            return;
        };
        let floor = &self.floor;
        let _ = floor.page.set(self.id);
        let _ = panics::catch(|| drop(future));
        let _ = floor.page.set(0);
        floor.inbox.ended(self.id);
        floor.replies.now(Kind::Returned, self.id, &[]);
    }
}

/// Those that are ready now, and the calls that are there, may have something to say as well.
fn flush_soon(floor: &Arc<Floor>) {
    if floor.flushing.swap(true, Ordering::Relaxed) {
        return;
    }
    let floor = Arc::clone(floor);
    tokio::spawn(async move {
        yield_now().await;
        while floor.inbox.has_calls() {
            yield_now().await;
        }
        floor.flushing.store(false, Ordering::Relaxed);
        floor.replies.flush();
    });
}
