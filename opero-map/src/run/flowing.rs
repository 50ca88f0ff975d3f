//! The ways to begin a run that give results while it goes on.

use opero_core::Waiting;

use super::Run;
use super::collecting::assert_async;
use super::start::{Begun, Handed};
use crate::engine::{Channel, ResultOf, Together};
use crate::results::Flowing;
use crate::{Iter, Job, Results, Source};

impl<S: Source, J: Job<S::Item>> Run<S, J> {
    /// Streams the results of an async function's run inside this task, so that items and function may borrow.
    ///
    /// The run goes on only while the stream is polled. It compiles only for async functions.
    pub fn scoped_stream<'a>(self) -> Results<'a, J::Output, J::Error>
    where
        S: 'a,
        J: 'a,
    {
        const { assert_async(J::WAITING) }
        self.stream_here()
    }

    fn stream_here<'a>(self) -> Results<'a, J::Output, J::Error>
    where
        S: 'a,
        J: 'a,
    {
        let begun = self.begin_flow();
        let lanes = begun.together();
        Results::new(begun.flow(Some(lanes)))
    }

    fn begin_flow(self) -> Begun<S, J, Channel<ResultOf<S, J>>> {
        // Twice the lanes: each may have a result waiting while it works on the next item.
        self.begin(true, |ordered, lanes| Channel::new(ordered, lanes * 2))
    }
}

impl<S, J> Run<S, J>
where
    S: Source + 'static,
    J: Job<S::Item> + 'static,
{
    /// The results as they come, in the order of the input or of completion, from threads in the background.
    ///
    /// A slow consumer slows the run down, so inputs without an end are fine. Waiting for the next result blocks this
    /// thread. Dropping the iterator stops the run and waits for nothing.
    ///
    /// ```
    /// # #[cfg(feature = "thread")] {
    /// let mut squares = opero_map::map(1_u64.., |n| n.checked_mul(n).ok_or("too large")).iter();
    /// let first: Vec<u64> = squares.by_ref().take(3).flatten().collect();
    /// assert_eq!(first, [1, 4, 9]);
    /// assert!(squares.report().ok >= 3);
    /// # }
    /// ```
    pub fn iter(self) -> Iter<J::Output, J::Error> {
        Iter::new(self.flow_beside())
    }

    /// The results as they come, in the order of the input or of completion, as a stream.
    ///
    /// An async function runs inside the task that polls the stream, and goes on only while it is polled; a synchronous
    /// one runs on threads in the background. So do not wait, between two results, for something that an item in flight
    /// has to do first: nobody would go on with it. For items that borrow, see [`Run::scoped_stream`].
    pub fn stream(self) -> Results<'static, J::Output, J::Error> {
        match J::WAITING {
            Waiting::Async => self.stream_here(),
            Waiting::Blocking => Results::new(self.flow_beside()),
        }
    }

    fn flow_beside(self) -> Flowing<'static, S, J> {
        let begun = self.begin_flow();
        match begun.spawn() {
            Handed::Over => begun.flow(None),
            Handed::Back(lane) => begun.flow(Some(lane)),
        }
    }
}

impl<S: Source, J: Job<S::Item>> Begun<S, J, Channel<ResultOf<S, J>>> {
    fn flow(self, lanes: Option<Together<'_>>) -> Flowing<'_, S, J> {
        Flowing {
            session: self.session,
            lanes,
            progress: self.progress,
            watching: self.watching,
            ended: None,
        }
    }
}
