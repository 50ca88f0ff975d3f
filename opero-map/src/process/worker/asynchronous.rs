//! Running an async function, several calls at a time on one thread, so that it is known which of them is being polled.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Builder;

use super::super::function::AsyncOutcome;
use super::super::page::Page;
use super::super::wire::Kind;
use super::blocking::say;
use super::inbox::Inbox;
use super::panics;
use super::replies::Replies;

/// What all calls share.
struct Floor {
    page: Page,
    inbox: Arc<Inbox>,
    replies: Arc<Replies>,
}

/// Runs until the process ends.
pub(super) fn run(
    function: fn(Vec<u8>) -> AsyncOutcome,
    page: Page,
    inbox: Arc<Inbox>,
    replies: Arc<Replies>,
) {
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => super::unfit(&replies, &format!("no runtime could be started: {error}")),
    };
    let floor = Arc::new(Floor {
        page,
        inbox,
        replies,
    });
    runtime.block_on(async {
        loop {
            let (id, arguments) = poll_fn(|cx| floor.inbox.poll_next(cx)).await;
            let call = Running {
                id,
                floor: Arc::clone(&floor),
                // Inside the call, so that what panics before its first wait is caught as well.
                future: Box::pin(async move { function(arguments).await }),
                ended: false,
            };
            let handle = tokio::spawn(call).abort_handle();
            floor.inbox.began(id, Box::new(move || handle.abort()));
        }
    });
}

/// One call.
struct Running {
    id: u64,
    floor: Arc<Floor>,
    future: AsyncOutcome,
    ended: bool,
}

impl Future for Running {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let floor = &this.floor;
        if floor.page.set(this.id).is_err() {
            super::unfit(&floor.replies, "its page cannot be written");
        }
        let polled = panics::catch(|| this.future.as_mut().poll(cx));
        let ran = match polled {
            Ok(Poll::Pending) => {
                let _ = floor.page.set(0);
                return Poll::Pending;
            }
            Ok(Poll::Ready(ran)) => Ok(ran),
            Err(panicked) => Err(panicked),
        };
        this.ended = true;
        let ran = match &ran {
            Ok(Ok(outcome)) => Ok(Ok(&outcome[..])),
            Ok(Err(error)) => Ok(Err(error.clone())),
            Err(panicked) => Err(panicked.clone()),
        };
        say(&floor.replies, this.id, ran);
        let _ = floor.page.set(0);
        floor.inbox.ended(this.id);
        // Those that are ready now may have something to say as well.
        let replies = Arc::clone(&floor.replies);
        tokio::spawn(async move { replies.flush() });
        Poll::Ready(())
    }
}

impl Drop for Running {
    /// Stopped before its end: what it held is dropped, and the parent may know.
    fn drop(&mut self) {
        if !self.ended {
            self.floor.inbox.ended(self.id);
            self.floor.replies.now(Kind::Returned, self.id, &[]);
        }
    }
}
