//! One item: its panic becomes its result, and so does being late.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use opero_core::clock::Sleep;
use opero_core::{Context, Error, Instant, RejectedKind};

use crate::executor::PoolClient;

/// The result of an item's run. A panic is a result; so is being late.
#[inline]
pub(super) fn poll_run<T, E>(
    run: Pin<&mut (dyn Future<Output = Result<T, Error<E>>> + Send + '_)>,
    deadline: &mut Option<Deadline<'_>>,
    cx: &Context<'_>,
    task: &mut task::Context<'_>,
) -> Poll<Result<T, Error<E>>> {
    match catch_unwind(AssertUnwindSafe(|| run.poll(task))) {
        Ok(Poll::Pending) => match deadline {
            Some(deadline) => deadline.poll(cx, task).map(Err),
            None => Poll::Pending,
        },
        Ok(ready) => ready,
        Err(payload) => {
            let error = panicked(&*payload);
            discard(payload);
            Poll::Ready(Err(error))
        }
    }
}

#[cold]
fn panicked<E>(payload: &(dyn Any + Send)) -> Error<E> {
    Error::rejected(RejectedKind::Panic {
        message: panic_message(payload),
        location: None,
    })
}

/// The panic's text, where it has one.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&'static str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("with a value that is no text").to_owned()
}

/// Drops what the function panicked with: a value of its own, whose destructor may panic as well.
pub(crate) fn discard(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        // And that one's too, without end.
        std::mem::forget(another);
    }
}

/// The deadline of an item. Its timer is made at the first wait: a job that is ready at once needs
/// none.
pub(super) struct Deadline<'d> {
    limit: Duration,
    started: Instant,
    timer: Option<Sleep>,
    /// The client of workers, which enforce a part of the time.
    client: Option<&'d (dyn PoolClient + 'd)>,
}

impl<'d> Deadline<'d> {
    pub(super) fn new(
        cx: &Context<'_>,
        limit: Duration,
        client: Option<&'d (dyn PoolClient + 'd)>,
    ) -> Self {
        if let Some(client) = client {
            client.begin_item(limit);
        }
        Self {
            limit,
            started: cx.now(),
            timer: None,
            client,
        }
    }

    fn poll<E>(&mut self, cx: &Context<'_>, task: &mut task::Context<'_>) -> Poll<Error<E>> {
        loop {
            let Some(left) = self.left(cx) else {
                // The job is polled again before any of its time can be used.
                self.timer = None;
                return Poll::Pending;
            };
            let timer = self.timer.get_or_insert_with(|| cx.clock().sleep(left));
            task::ready!(timer.as_mut().poll(task));
            self.timer = None;
            if self.left(cx).is_none_or(|left| left.is_zero()) {
                let limit = self.limit;
                return Poll::Ready(Error::rejected(RejectedKind::ItemTimeout { limit }));
            }
        }
    }

    /// Returns what is left of the item's time; `None` where workers enforce it.
    fn left(&self, cx: &Context<'_>) -> Option<Duration> {
        let excused = self
            .client
            .map_or(Some(Duration::ZERO), PoolClient::excused)?;
        let used = cx.now().since(self.started).saturating_sub(excused);
        Some(self.limit.saturating_sub(used))
    }
}
