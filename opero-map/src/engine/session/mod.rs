//! One run.

mod worker_loop;

use std::any::Any;
use std::future::{Future as _, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Poll, Waker};

use opero_core::sync::lock;
use opero_core::threads::CallerSpan;
use opero_core::{ConfigError, Error, Observer, Rejected, ThreadObserver, WaitMode};

use super::failures::Failures;
use super::nested::NestedCalls;
use super::sink::ResultSink;
use super::source_queue::SourceQueue;
use super::stop_signal::{StopLevel, StopSignal};
use crate::config::MapConfig;
use crate::ctrl_c;
use crate::erased::AnyJob;
use crate::executor::{WorkerLoop, WorkerPool};
use crate::job::Job;
use crate::report::Report;
use crate::report::statistics::Statistics;
use crate::resume::RunJournal;
use crate::source::Source;

/// The result of one item.
pub type ResultOf<S, J> =
    Result<<J as Job<<S as Source>::Item>>::Output, Error<<J as Job<<S as Source>::Item>>::Error>>;

/// One run, from its start to its end: what its worker loops share.
pub(crate) struct Session<'j, S: Source, T, E, O> {
    name: &'static str,
    job: AnyJob<'j, S::Item, T, E>,
    config: MapConfig,
    source_queue: SourceQueue<S>,
    pub(crate) sink: O,
    pub(crate) stop_signal: Arc<StopSignal>,
    failures: Failures,
    statistics: Option<Arc<Statistics>>,
    /// The observer of the run around this one, if it is within an item.
    outer: Option<Arc<dyn Observer>>,
    /// `true` if a journal or a timeline needs each item's trace.
    watched: bool,
    /// How the worker loops wait: blocking, or async.
    waiting: WaitMode,
    /// The workers that execute the function, where the loops do not.
    pool: Option<Arc<dyn WorkerPool>>,
    /// Where finished items are recorded, and where the results of earlier runs are.
    journal: Option<RunJournal>,
    /// The span around what began the run.
    caller: CallerSpan,
    /// Why no item can run: then this is each item's result.
    rejection: OnceLock<Rejected>,
    /// What the source, or a destructor of the user's, panicked with. An item's panic is that
    /// item's result.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// The worker loops of a run and what they share.
pub(crate) struct LoopSetup {
    pub(crate) worker_loops: usize,
    /// How the worker loops wait: blocking, or async.
    pub(crate) waiting: WaitMode,
    /// The workers that execute the function, where the loops do not.
    pub(crate) pool: Option<Arc<dyn WorkerPool>>,
    pub(crate) journal: Option<RunJournal>,
}

impl LoopSetup {
    /// Sets up one worker loop, which rejects each item.
    pub(crate) fn rejecting(waiting: WaitMode) -> Self {
        Self {
            worker_loops: 1,
            waiting,
            pool: None,
            journal: None,
        }
    }
}

impl<'j, S, T, E, O> Session<'j, S, T, E, O>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
    O: ResultSink<Result<T, Error<E>>> + 'j,
{
    pub(crate) fn new(
        name: &'static str,
        source: S,
        job: AnyJob<'j, S::Item, T, E>,
        config: MapConfig,
        sink: O,
        statistics: Option<Arc<Statistics>>,
        setup: LoopSetup,
    ) -> Arc<Self> {
        let LoopSetup {
            worker_loops,
            waiting,
            pool,
            journal,
        } = setup;
        let keeps = |statistics: &Arc<Statistics>| statistics.sampler().is_some();
        let watched = config.resume.is_some() || statistics.as_ref().is_some_and(keeps);
        let batched = O::BATCHED && waiting == WaitMode::Blocking && worker_loops > 1;
        let stop_signal = Arc::new(StopSignal::new(worker_loops, pool.clone()));
        if let Some(cancel) = &config.cancel {
            cancel.register(&stop_signal);
        }
        let failures = Failures::new(config.on_error);
        Arc::new(Self {
            name,
            job,
            config,
            source_queue: SourceQueue::new(source, if batched { worker_loops } else { 0 }),
            sink,
            stop_signal,
            failures,
            statistics,
            outer: ThreadObserver::current(),
            watched,
            waiting,
            pool,
            journal,
            caller: CallerSpan::current(),
            rejection: OnceLock::new(),
            panic: Mutex::new(None),
        })
    }

    /// Rejects all items for this reason.
    pub(crate) fn reject(&self, reason: ConfigError) {
        // Where there is a reason already, that one stays.
        let _ = self.rejection.set(reason.into());
    }

    /// Ends the run: see [`StopLevel::Now`].
    pub(crate) fn cancel(&self) {
        self.stop_signal.raise(StopLevel::Now);
        if let Some(journal) = &self.journal {
            journal.announce_end();
        }
    }

    fn stop(&self) {
        self.stop_signal.raise(StopLevel::Stop);
    }

    /// Returns `true` if these results are those of the whole input.
    pub(crate) fn is_whole(&self, results: usize) -> bool {
        self.source_queue.has_given_all(results)
    }

    /// Passes on the panic that ended the run, if one did.
    pub(crate) fn resume_panic(&self) {
        let payload = lock(&self.panic).take();
        if let Some(payload) = payload {
            resume_unwind(payload);
        }
    }

    pub(crate) fn report(&self) -> Report {
        let Some(statistics) = &self.statistics else {
            return Report::default();
        };
        let mut report = statistics.report(self.name);
        if let Some(journal) = &self.journal {
            journal.add_to(&mut report);
            // Of what an earlier run did there is no timeline.
            if let Some(timeline) = &mut report.timeline {
                timeline.items = timeline.items.saturating_sub(report.resumed);
            }
        }
        report
    }

    /// Syncs the journal to the disk, and releases it for the next run.
    pub(crate) fn close_journal(&self) {
        if let Some(journal) = &self.journal {
            journal.close();
        }
    }

    pub(crate) fn worker_loops(self: &Arc<Self>, worker_loops: usize) -> Vec<WorkerLoop<'j>> {
        (0..worker_loops)
            .map(|worker_loop| self.worker_loop(worker_loop))
            .collect()
    }

    fn worker_loop(self: &Arc<Self>, worker_loop: usize) -> WorkerLoop<'j> {
        self.sink.loop_opened();
        let guard = LoopGuard(Arc::clone(self));
        Box::pin(async move { guard.0.guard(worker_loop).await })
    }

    /// Runs a worker loop until the input ends, the run is cancelled, or something other than an
    /// item panics.
    async fn guard(&self, worker_loop: usize) {
        let ctrl_c = self.config.ctrl_c == Some(true);
        let mut within =
            NestedCalls::observer(self.statistics.as_ref(), worker_loop, self.outer.as_ref());
        let mut work = pin!(self.work(worker_loop));
        let mut registered: Option<Waker> = None;
        poll_fn(|cx| {
            if !registered.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
                self.stop_signal.wakers.register(worker_loop, cx.waker());
                registered = Some(cx.waker().clone());
            }
            if self.stop_signal.ended() {
                return Poll::Ready(());
            }
            let poll = || self.caller.in_scope(|| work.as_mut().poll(cx));
            let poll = || ctrl_c::poll_items(ctrl_c, poll);
            let poll = || match &mut within {
                Some(within) => within.within(poll),
                None => poll(),
            };
            catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|payload| {
                lock(&self.panic).get_or_insert(payload);
                self.stop();
                Poll::Ready(())
            })
        })
        .await;
    }
}

/// Tells the sink when a worker loop ends or is dropped.
struct LoopGuard<'j, S, T, E, O>(Arc<Session<'j, S, T, E, O>>)
where
    S: Source,
    O: ResultSink<Result<T, Error<E>>>;

impl<S, T, E, O> Drop for LoopGuard<'_, S, T, E, O>
where
    S: Source,
    O: ResultSink<Result<T, Error<E>>>,
{
    fn drop(&mut self) {
        self.0.sink.loop_closed();
    }
}
