//! One item: its panic becomes its result, and so does being late.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use opero_core::clock::Sleep;
use opero_core::{Context, Error, Instant, RefusedKind};

/// The job's result for one item. A panic is a result; so is being late.
#[inline]
pub(super) fn poll_job<T, E>(
    job: Pin<&mut impl Future<Output = Result<T, Error<E>>>>,
    deadline: &mut Option<Deadline>,
    cx: &Context<'_>,
    task: &mut task::Context<'_>,
) -> Poll<Result<T, Error<E>>> {
    match catch_unwind(AssertUnwindSafe(|| job.poll(task))) {
        Ok(Poll::Pending) => match deadline {
            Some(deadline) => deadline.poll(cx, task).map(Err),
            None => Poll::Pending,
        },
        Ok(ready) => ready,
        Err(payload) => Poll::Ready(Err(panicked(&*payload))),
    }
}

#[cold]
fn panicked<E>(payload: &(dyn Any + Send)) -> Error<E> {
    Error::refused(RefusedKind::Panic {
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

/// When an item is late. Its timer is made at the first wait: a job that is ready at once costs none.
pub(super) struct Deadline {
    limit: Duration,
    started: Instant,
    timer: Option<Sleep>,
}

impl Deadline {
    pub(super) fn new(cx: &Context<'_>, limit: Duration) -> Self {
        Self {
            limit,
            started: cx.now(),
            timer: None,
        }
    }

    fn poll<E>(&mut self, cx: &Context<'_>, task: &mut task::Context<'_>) -> Poll<Error<E>> {
        let left = || self.limit.saturating_sub(cx.now().since(self.started));
        let timer = self.timer.get_or_insert_with(|| cx.clock().sleep(left()));
        let limit = self.limit;
        timer
            .as_mut()
            .poll(task)
            .map(|()| Error::refused(RefusedKind::ItemTimeout { limit }))
    }
}
