use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::{IntoSource, Source};

/// The items of a stream: see [`from_stream`].
pub struct FromStream<S>(Pin<Box<S>>);

/// Lets a map take its items from a stream, as they arrive.
///
/// ```
/// # #[cfg(feature = "async")]
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use opero_map::{from_stream, map_async};
///
/// let numbers = futures_util::stream::iter(1..=3);
/// let doubled = map_async(from_stream(numbers), |n| async move { Ok::<_, ()>(n * 2) }).await;
/// let doubled: Vec<i32> = doubled.into_iter().flatten().collect();
/// assert_eq!(doubled, [2, 4, 6]);
/// # });
/// ```
pub fn from_stream<S: Stream>(stream: S) -> FromStream<S> {
    FromStream(Box::pin(stream))
}

impl<S> Source for FromStream<S>
where
    S: Stream + Send,
    S::Item: Send,
{
    type Item = S::Item;

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<I: Send, S: Stream<Item = I> + Send> IntoSource<I> for FromStream<S> {
    type Source = Self;

    fn into_source(self) -> Self {
        self
    }
}

impl<S> fmt::Debug for FromStream<S> {
    /// Without the items: they are arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromStream")
    }
}
