//! The ways to begin a run that give all results at its end.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::Arc;

use opero_core::{Error, RejectedKind, WaitMode, block_on};

use super::start::{AnyRun, Begun, Launch};
use super::{Run, WithReport};
use crate::engine::{Collect, ResultOf, Session, stopped};
use crate::job::Job;
use crate::on_error::OnError;
use crate::report::Report;
use crate::source::Source;

/// The future of an awaited run.
type Awaited<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<S: Source, J: Job<S::Item>> Run<S, J> {
    /// Runs it, and blocks this thread until the last item has its result.
    ///
    /// An async function runs on a tokio runtime made for this run, on a thread of its own where
    /// this one already belongs to a runtime. Inside a runtime `.await` is better: it blocks
    /// nothing, and clients whose connections live in that runtime keep working.
    ///
    /// ```
    /// # #[cfg(feature = "thread")] {
    /// let results = opero_map::map(["1", "x"], |text: &str| text.parse::<u32>()).run();
    /// assert!(matches!(&results[..], [Ok(1), Err(_)]));
    /// # }
    /// ```
    pub fn run(self) -> Vec<ResultOf<S, J>> {
        self.erased().collect_blocking(false).results
    }

    /// [`run`](Run::run), with a report.
    pub fn run_report(self) -> (Vec<ResultOf<S, J>>, Report) {
        self.erased().collect_blocking(true).into()
    }

    /// Runs it until an item fails, and blocks this thread.
    ///
    /// No item is started behind the failure; those in flight end first.
    ///
    /// # Errors
    /// A wrong parameter; else, of the items that failed, the first one's error; else
    /// [`RejectedKind::Stopped`], where a [`Cancel`](crate::Cancel) left items without a result.
    pub fn try_run(self) -> Result<Vec<J::Output>, Error<J::Error>> {
        let run = self.erased().stopping_on_error()?;
        run.collect_blocking(false).values()
    }

    /// Awaits an async function's run inside this task, so that items and function may borrow.
    ///
    /// It compiles only for async functions: for borrowed items of a synchronous one there is
    /// [`run`](Run::run).
    ///
    /// ```
    /// # #[cfg(feature = "async")]
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let words = vec![String::from("one"), String::from("three")];
    /// let lengths = opero_map::map_async(&words, |word: &String| async { Ok::<_, ()>(word.len()) }).join().await;
    /// assert!(matches!(lengths[..], [Ok(3), Ok(5)]));
    /// # });
    /// ```
    pub async fn join(self) -> Vec<ResultOf<S, J>> {
        const { assert_async(J::WAIT_MODE) }
        self.erased().collect_here(false).await.results
    }

    /// [`join`](Run::join) until an item fails: the async way of [`try_run`](Run::try_run).
    ///
    /// ```
    /// # #[cfg(feature = "async")]
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let parse = async |text: &str| text.parse::<u32>();
    /// assert_eq!(opero_map::map_async(["1", "2"], parse).try_join().await.unwrap(), [1, 2]);
    /// assert!(opero_map::map_async(["1", "x"], parse).try_join().await.is_err());
    /// # });
    /// ```
    ///
    /// # Errors
    /// As [`try_run`](Run::try_run).
    pub async fn try_join(self) -> Result<Vec<J::Output>, Error<J::Error>> {
        const { assert_async(J::WAIT_MODE) }
        let run = self.erased().stopping_on_error()?;
        run.collect_here(false).await.values()
    }
}

impl<'j, S, T, E> AnyRun<'j, S, T, E>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
{
    /// Checks its parameters at once, and has it end at the first error.
    fn stopping_on_error(mut self) -> Result<Self, Error<E>> {
        self.plan().map_err(Error::rejected)?;
        self.config.on_error = OnError::Stop;
        Ok(self)
    }

    fn collect_blocking(self, recorded: bool) -> Collected<T, E> {
        let begun = self.begin(recorded, |ordered, _| Collect::new(ordered));
        if let Launch::Returned(worker_loop) = begun.block() {
            block_on(worker_loop);
        }
        begun.end()
    }

    async fn collect_here(self, recorded: bool) -> Collected<T, E> {
        let begun = self.begin(recorded, |ordered, _| Collect::new(ordered));
        begun.together().await;
        begun.end()
    }
}

impl<S, T, E> AnyRun<'static, S, T, E>
where
    S: Source + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    async fn collect_beside(self, recorded: bool) -> Collected<T, E> {
        if self.waiting == WaitMode::Async {
            return self.collect_here(recorded).await;
        }
        let begun = self.begin(recorded, |ordered, _| Collect::new(ordered));
        // Threads do not end because this future is dropped: they have to be told.
        let _cancel = CancelOnDrop(Arc::clone(&begun.session));
        match begun.spawn() {
            Launch::Driven => poll_fn(|cx| begun.session.sink.poll_done(cx)).await,
            Launch::Returned(worker_loop) => worker_loop.await,
        }
        begun.end()
    }

    async fn results(self) -> Vec<Result<T, Error<E>>> {
        self.collect_beside(false).await.results
    }

    async fn results_and_report(self) -> (Vec<Result<T, Error<E>>>, Report) {
        self.collect_beside(true).await.into()
    }
}

impl<'j, S, T, E> Begun<'j, S, T, E, Collect<Result<T, Error<E>>>>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
{
    fn end(mut self) -> Collected<T, E> {
        self.progress = None;
        self.session.close_journal();
        self.session.resume_panic();
        let results = self.session.sink.take(stopped);
        Collected {
            whole: self.session.is_whole(results.len()),
            report: self.session.report(),
            results,
        }
    }
}

/// The results of a run.
struct Collected<T, E> {
    results: Vec<Result<T, Error<E>>>,
    report: Report,
    /// `true` if every item of the input has a result.
    whole: bool,
}

impl<T, E> Collected<T, E> {
    /// Returns all values, or the error of the first item that failed.
    fn values(self) -> Result<Vec<T>, Error<E>> {
        let whole = self.whole;
        let mut values = Vec::with_capacity(self.results.len());
        let mut stop = None;
        for result in self.results {
            match result {
                Ok(value) => values.push(value),
                // What stopped the run may have happened to an item behind this one.
                Err(error) if is_stopped(&error) => stop = stop.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        match stop {
            Some(error) => Err(error),
            None if whole => Ok(values),
            None => stopped(),
        }
    }
}

fn is_stopped<E>(error: &Error<E>) -> bool {
    let rejection = error.rejection();
    rejection.is_some_and(|rejected| matches!(rejected.kind(), RejectedKind::Stopped))
}

impl<T, E> From<Collected<T, E>> for (Vec<Result<T, Error<E>>>, Report) {
    fn from(collected: Collected<T, E>) -> Self {
        (collected.results, collected.report)
    }
}

type CollectSession<'j, S, T, E> = Session<'j, S, T, E, Collect<Result<T, Error<E>>>>;

struct CancelOnDrop<S, T, E>(Arc<CollectSession<'static, S, T, E>>)
where
    S: Source + 'static,
    T: Send + 'static,
    E: Send + 'static;

impl<S, T, E> Drop for CancelOnDrop<S, T, E>
where
    S: Source + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Fails to compile for a synchronous function, which would block the task.
pub(super) const fn assert_async(waiting: WaitMode) {
    assert!(
        matches!(waiting, WaitMode::Async),
        "a synchronous function cannot run inside a task: use `.run()`, `.await`, `.iter()` or `.stream()`"
    );
}

/// Awaits all results without blocking the task: an async function runs inside it, a synchronous
/// one on threads beside it. For items that borrow, see [`Run::join`].
impl<S, J> IntoFuture for Run<S, J>
where
    S: Source + 'static,
    J: Job<S::Item> + 'static,
{
    type Output = Vec<ResultOf<S, J>>;
    type IntoFuture = Awaited<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.erased().results())
    }
}

impl<S, J> IntoFuture for WithReport<S, J>
where
    S: Source + 'static,
    J: Job<S::Item> + 'static,
{
    type Output = (Vec<ResultOf<S, J>>, Report);
    type IntoFuture = Awaited<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0.erased().results_and_report())
    }
}

impl<S: Source, J: Job<S::Item>> WithReport<S, J> {
    /// See [`Run::run`].
    pub fn run(self) -> (Vec<ResultOf<S, J>>, Report) {
        self.0.erased().collect_blocking(true).into()
    }

    /// See [`Run::join`].
    pub async fn join(self) -> (Vec<ResultOf<S, J>>, Report) {
        const { assert_async(J::WAIT_MODE) }
        self.0.erased().collect_here(true).await.into()
    }
}
