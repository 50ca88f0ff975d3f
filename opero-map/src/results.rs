use std::fmt;
use std::future::{Future, poll_fn};
use std::iter::FusedIterator;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use opero_core::{Error, block_on};

use crate::ctrl_c::CtrlCGuard;
use crate::engine::{Channel, Session};
use crate::executor::join::JoinedLoops;
use crate::progress::Progress;
use crate::report::Report;
use crate::source::Source;

/// The results of a run as an iterator: see [`Run::iter`](crate::Run::iter). Dropping it stops the
/// run.
#[must_use = "dropping it stops the run"]
pub struct Iter<T, E>(Box<dyn Flow<Result<T, Error<E>>>>);

/// The results of a run as a stream: see [`Run::stream`](crate::Run::stream). Dropping it stops the
/// run.
#[must_use = "dropping it stops the run"]
pub struct Results<'a, T, E>(Box<dyn Flow<Result<T, Error<E>>> + 'a>);

impl<T, E> Iter<T, E> {
    pub(crate) fn new(flow: impl Flow<Result<T, Error<E>>> + 'static) -> Self {
        Self(Box::new(flow))
    }

    /// Returns what the run did so far; all of it at the iterator's end.
    pub fn report(&self) -> Report {
        self.0.report()
    }
}

impl<'a, T, E> Results<'a, T, E> {
    pub(crate) fn new(flow: impl Flow<Result<T, Error<E>>> + 'a) -> Self {
        Self(Box::new(flow))
    }

    /// Returns what the run did so far; all of it at the stream's end.
    pub fn report(&self) -> Report {
        self.0.report()
    }
}

impl<T, E> Iterator for Iter<T, E> {
    type Item = Result<T, Error<E>>;

    fn next(&mut self) -> Option<Self::Item> {
        block_on(poll_fn(|cx| self.0.poll_next(cx)))
    }
}

impl<T, E> FusedIterator for Iter<T, E> {}

impl<T, E> Stream for Results<'_, T, E> {
    type Item = Result<T, Error<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next(cx)
    }
}

/// Results that come while the run goes on.
pub(crate) trait Flow<R>: Send {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<R>>;
    fn report(&self) -> Report;
}

/// The session of a run whose results flow.
pub(crate) type FlowSession<'j, S, T, E> = Session<'j, S, T, E, Channel<Result<T, Error<E>>>>;

/// A run whose consumer is here. Worker loops that no executor drives in the background are driven
/// by the consumer's polls.
pub(crate) struct Flowing<'j, S, T, E>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
{
    pub(crate) session: Arc<FlowSession<'j, S, T, E>>,
    pub(crate) worker_loops: Option<JoinedLoops<'j>>,
    pub(crate) progress: Option<Progress>,
    pub(crate) ctrl_c: Option<CtrlCGuard>,
    pub(crate) ended: Option<Report>,
}

impl<'j, S, T, E> Flowing<'j, S, T, E>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
{
    fn end(&mut self) {
        if self.ended.is_none() {
            self.session.close_journal();
            self.ended = Some(self.session.report());
            self.progress = None;
            self.ctrl_c = None;
            self.worker_loops = None;
            self.session.resume_panic();
        }
    }
}

impl<'j, S, T, E> Flow<Result<T, Error<E>>> for Flowing<'j, S, T, E>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
{
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, Error<E>>>> {
        let session = &self.session;
        let mut polled = session.sink.poll_next(&session.stop_signal.wakers, cx);
        if let (Poll::Pending, Some(worker_loops)) = (&polled, &mut self.worker_loops) {
            if Pin::new(worker_loops).poll(cx).is_ready() {
                self.worker_loops = None;
            }
            polled = session.sink.poll_next(&session.stop_signal.wakers, cx);
        }
        if let Poll::Ready(None) = polled {
            self.end();
        }
        polled
    }

    fn report(&self) -> Report {
        self.ended.clone().unwrap_or_else(|| self.session.report())
    }
}

impl<'j, S, T, E> Drop for Flowing<'j, S, T, E>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
{
    fn drop(&mut self) {
        self.session.cancel();
    }
}

impl<T, E> fmt::Debug for Iter<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iter").field(&self.report()).finish()
    }
}

impl<T, E> fmt::Debug for Results<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Results").field(&self.report()).finish()
    }
}
