//! How a run works: lanes that take items from an intake, do the job, and put the results into an outbox.

mod channel;
mod collect;
mod failures;
mod halt;
mod inner;
mod intake;
mod item;
mod kept;
mod lane_watch;
mod pace;
mod session;
mod wakers;

pub(crate) use channel::Channel;
pub(crate) use collect::Collect;
pub(crate) use halt::{Halt, Level};
#[cfg(feature = "process")]
pub(crate) use item::{discard, panic_message};
pub(crate) use kept::stopped;
pub(crate) use lane_watch::ItemTrace;
pub use session::ResultOf;
pub(crate) use session::{Floor, Session};

use std::task::{Context, Poll};

/// Where the results go.
pub(crate) trait Outbox<R>: Send + Sync {
    /// What a lane keeps for itself, so that lanes do not meet at every item.
    type Local: Send;

    /// May lanes take several items at a time? Only where nobody waits for single results.
    const CHUNKED: bool;

    /// For a lane that begins.
    fn local(&self) -> Self::Local;

    /// Waits until there is room for one more item. Room that was granted is used or never needed again.
    fn poll_room(&self, lane: usize, cx: &mut Context<'_>) -> Poll<()>;

    /// Takes the result of the item at `index` of the input.
    fn put(&self, local: &mut Self::Local, index: usize, result: R);

    /// Takes what a lane kept, at its end.
    fn flush(&self, local: &mut Self::Local);

    /// A lane exists from here on.
    fn lane_opened(&self);

    /// A lane has ended, or was dropped. Behind the last one no more results come.
    fn lane_closed(&self);
}
