use std::fmt;
use std::task::{Context, Poll};

use super::{IntoSource, Source};

/// The items of an iterator, pulled one by one.
#[derive(Clone)]
pub struct IterSource<It>(It);

impl<It> Source for IterSource<It>
where
    It: Iterator + Send,
    It::Item: Send,
{
    type Item = It::Item;

    #[inline]
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<I: Send, C> IntoSource<I> for C
where
    C: IntoIterator<Item = I>,
    C::IntoIter: Send,
{
    type Source = IterSource<C::IntoIter>;

    fn into_source(self) -> Self::Source {
        IterSource(self.into_iter())
    }
}

impl<It> fmt::Debug for IterSource<It> {
    /// Without the items: they are arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IterSource")
    }
}
