//! Where the items come from: anything that can be iterated over, or a stream.

mod blocking;
mod iter;
mod stream;

use std::task::{Context, Poll};

pub use blocking::{BlockingSource, FromBlocking, from_blocking};
pub use iter::IterSource;
pub use stream::{FromStream, from_stream};

/// Gives items one at a time, when asked.
///
/// It is never asked again after it said that it is at its end.
pub trait Source: Send {
    /// What it gives.
    type Item: Send;

    /// Polls for the next item; `None` at the end. A source that is not ready wakes the last waker
    /// it was given.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::Item>>;

    /// Returns how many items are left, at least and at most. It is a hint, and may be wrong
    /// without harm.
    fn size_hint(&self) -> (usize, Option<usize>);
}

/// What a map takes as its input: every `IntoIterator`, one that blocks through [`from_blocking`],
/// and a stream through [`from_stream`].
#[diagnostic::on_unimplemented(
    message = "a map cannot take its items from `{Self}`",
    label = "neither something to iterate over, in a way that threads may share, nor a stream in `from_stream(…)`",
    note = "the items and their iterator must be `Send`"
)]
pub trait IntoSource<I> {
    /// The source it becomes.
    type Source: Source<Item = I>;

    /// Becomes a source. Nothing is pulled yet.
    fn into_source(self) -> Self::Source;
}
