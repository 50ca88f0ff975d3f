//! Runs an async function, several calls at a time on one thread, so that the polled one is known.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use opero_core::EventCounts;
use tokio::runtime::Builder;

use super::blocking::reply;
use super::counter::Counter;
use super::inbox::Inbox;
use super::panics;
use super::replies::Replies;
use super::system::{self, KillOnDrop};
use crate::executor::process::function::AsyncOutcome;
use crate::executor::process::ipc::current_call::CurrentCall;
use crate::executor::process::ipc::wire::Kind;

/// What all calls share.
struct Shared {
    current_call: CurrentCall,
    inbox: Arc<Inbox>,
    replies: Arc<Replies>,
    counter: Arc<Counter>,
    /// `true` while a task is about to send the replies that wait.
    flushing: AtomicBool,
}

/// Runs until the process ends.
pub(super) fn run(
    function: fn(Vec<u8>) -> AsyncOutcome,
    current_call: CurrentCall,
    inbox: Arc<Inbox>,
    replies: Arc<Replies>,
    counter: Arc<Counter>,
) -> ! {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => super::fail_start(&replies, &format!("no runtime could be started: {error}")),
    };
    let shared = Arc::new(Shared {
        current_call,
        inbox,
        replies,
        counter,
        flushing: AtomicBool::new(false),
    });
    // A task like the calls: what `block_on` itself runs has its turns between those of the
    // system's events.
    let begins = runtime.spawn(begin(function, shared));
    let _ = runtime.block_on(begins);
    // The task that begins calls has ended.
    system::kill_self()
}

/// Begins one call after the other.
async fn begin(function: fn(Vec<u8>) -> AsyncOutcome, shared: Arc<Shared>) {
    loop {
        let (id, arguments) = poll_fn(|cx| shared.inbox.poll_next(cx)).await;
        let call = Running {
            id,
            shared: Arc::clone(&shared),
            // Inside the call, so that what panics before its first wait is caught as well.
            future: Some(Box::pin(async move { function(arguments).await })),
            counts: None,
        };
        let handle = tokio::spawn(call).abort_handle();
        shared.inbox.began(id, Box::new(move || handle.abort()));
        // It is polled before the next call is taken, so a call that never waits holds up none that
        // could be given back.
        yield_now().await;
    }
}

/// Yields to the tasks that are ready. Tokio's own yield would also wait for I/O.
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
    shared: Arc<Shared>,
    /// Until it has ended.
    future: Option<AsyncOutcome>,
    /// What was counted in its polls.
    counts: Option<EventCounts>,
}

impl Future for Running {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // What unwinds from here is no panic of the function's, and the parent would not hear of
        // it.
        let unwinding = KillOnDrop;
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
        let shared = &self.shared;
        if shared.current_call.set(self.id).is_err() {
            super::fail_start(&shared.replies, "its current_call cannot be written");
        }
        let polled = panics::catch(|| future.as_mut().poll(cx));
        shared.counter.take(&mut self.counts);
        let ran = match polled {
            Ok(Poll::Pending) => {
                let _ = shared.current_call.set(0);
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
        shared.counter.take(&mut self.counts);
        reply(&shared.replies, self.id, self.counts.as_ref(), ran);
        let _ = shared.current_call.set(0);
        shared.inbox.ended(self.id);
        flush_soon(shared);
        Poll::Ready(())
    }
}

impl Drop for Running {
    /// Drops a stopped call, and then tells the parent.
    fn drop(&mut self) {
        let Some(future) = self.future.take() else {
            return;
        };
        let shared = &self.shared;
        let _ = shared.current_call.set(self.id);
        let _ = panics::catch(|| drop(future));
        let _ = shared.current_call.set(0);
        shared.inbox.ended(self.id);
        shared.replies.now(Kind::Returned, self.id, &[]);
    }
}

/// Sends the replies soon: calls that are ready may reply first.
fn flush_soon(shared: &Arc<Shared>) {
    if shared.flushing.swap(true, Ordering::Relaxed) {
        return;
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        yield_now().await;
        while shared.inbox.has_calls() {
            yield_now().await;
        }
        shared.flushing.store(false, Ordering::Relaxed);
        shared.replies.flush();
    });
}
