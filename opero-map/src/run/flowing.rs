//! The ways to begin a run that give results while it goes on.

use opero_core::Error;

use super::Run;
use super::collecting::assert_async;
use super::start::{AnyRun, Begun, Launch};
use crate::engine::Channel;
use crate::executor::join::JoinedLoops;
use crate::job::Job;
use crate::results::{Flowing, Iter, Results};
use crate::source::Source;

impl<S: Source, J: Job<S::Item>> Run<S, J> {
    /// Streams the results of an async function's run inside this task, so that items and function
    /// may borrow.
    ///
    /// The run goes on only while the stream is polled, and its time limits count on meanwhile:
    /// between two results, neither wait for long nor for something that an item in flight has to
    /// do first. [`stream`](Run::stream) has no such rule. It compiles only for async functions.
    pub fn scoped_stream<'a>(self) -> Results<'a, J::Output, J::Error>
    where
        S: 'a,
        J: 'a,
    {
        const { assert_async(J::WAIT_MODE) }
        let begun = self.erased().begin_flow();
        let worker_loops = begun.together();
        Results::new(begun.flow(Some(worker_loops)))
    }
}

impl<S, J> Run<S, J>
where
    S: Source + 'static,
    J: Job<S::Item> + 'static,
{
    /// Returns the results as they come, in the order of the input or of completion, from threads
    /// in the background.
    ///
    /// A slow consumer slows the run down, so inputs without an end are fine. Waiting for the next
    /// result blocks this thread. Dropping the iterator stops the run and waits for nothing.
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
        Iter::new(self.erased().flow_beside(Begun::spawn))
    }

    /// Streams the results as they come, in the order of the input or of completion.
    ///
    /// The run goes on beside the consumer, however long that takes for a result: an async function
    /// in a task of the tokio runtime that this is called in (without one, on a thread with a
    /// runtime of its own), a synchronous one on threads. For items that borrow, see
    /// [`Run::scoped_stream`].
    ///
    /// ```
    /// # #[cfg(feature = "async")]
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use futures_util::StreamExt;
    ///
    /// let mut doubled = opero_map::map_async(1..=3, async |n: u32| Ok::<_, ()>(n * 2)).stream();
    /// while let Some(result) = doubled.next().await {
    ///     assert!(result.is_ok());
    /// }
    /// assert_eq!(doubled.report().ok, 3);
    /// # });
    /// ```
    pub fn stream(self) -> Results<'static, J::Output, J::Error> {
        Results::new(self.erased().flow_beside(Begun::spawn_beside))
    }
}

impl<S, T, E> AnyRun<'static, S, T, E>
where
    S: Source + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    fn flow_beside(
        self,
        start: impl FnOnce(&FlowBegun<'static, S, T, E>) -> Launch<'static>,
    ) -> Flowing<'static, S, T, E> {
        let begun = self.begin_flow();
        match start(&begun) {
            Launch::Driven => begun.flow(None),
            Launch::Returned(worker_loop) => begun.flow(Some(worker_loop)),
        }
    }
}

type FlowBegun<'j, S, T, E> = Begun<'j, S, T, E, Channel<Result<T, Error<E>>>>;

impl<'j, S, T, E> AnyRun<'j, S, T, E>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
{
    fn begin_flow(self) -> FlowBegun<'j, S, T, E> {
        // Twice the worker loops: each may have a result waiting while it works on the next item.
        self.begin(true, |ordered, worker_loops| {
            Channel::new(ordered, worker_loops * 2)
        })
    }
}

impl<'j, S, T, E> FlowBegun<'j, S, T, E>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
{
    fn flow(self, worker_loops: Option<JoinedLoops<'j>>) -> Flowing<'j, S, T, E> {
        Flowing {
            session: self.session,
            worker_loops,
            progress: self.progress,
            ctrl_c: self.ctrl_c,
            ended: None,
        }
    }
}
