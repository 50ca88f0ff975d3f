//! One run.

mod lane;

use std::any::Any;
use std::future::{Future as _, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Poll, Waker};

use opero_core::sync::lock;
use opero_core::threads::CallerSpan;
use opero_core::{ConfigError, Error, Observer, Rejected, ThreadObserver, Waiting};

use super::Outbox;
use super::failures::Failures;
use super::halt::{Halt, Level};
use super::inner::Within;
use super::intake::Intake;
use crate::config::MapConfig;
use crate::ctrl_c;
use crate::erased::AnyJob;
use crate::executor::{Crew, Lane};
use crate::job::Job;
use crate::report::Report;
use crate::report::statistics::Statistics;
use crate::resume::RunJournal;
use crate::source::Source;

/// The result of one item.
pub type ResultOf<S, J> =
    Result<<J as Job<<S as Source>::Item>>::Output, Error<<J as Job<<S as Source>::Item>>::Error>>;

/// One run, from its start to its end: what its lanes share.
pub(crate) struct Session<'j, S: Source, T, E, O> {
    name: &'static str,
    job: AnyJob<'j, S::Item, T, E>,
    config: MapConfig,
    intake: Intake<S>,
    pub(crate) outbox: O,
    pub(crate) halt: Arc<Halt>,
    failures: Failures,
    statistics: Option<Arc<Statistics>>,
    /// What counts for the run around this one, if it is within an item.
    outer: Option<Arc<dyn Observer>>,
    /// Does anybody ask what single items went through?
    watched: bool,
    /// How the lanes wait.
    waiting: Waiting,
    /// Who executes the function, where the lanes do not.
    crew: Option<Arc<dyn Crew>>,
    /// Where finished items are recorded, and where the results of earlier runs are.
    journal: Option<RunJournal>,
    /// The span around what began the run.
    caller: CallerSpan,
    /// Why no item can run: then this is each item's result.
    rejection: OnceLock<Rejected>,
    /// What the source, or a destructor of the user's, panicked with. An item's panic is that item's result.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Where a run takes place.
pub(crate) struct Floor {
    pub(crate) lanes: usize,
    /// How the lanes wait.
    pub(crate) waiting: Waiting,
    /// Who executes the function, where the lanes do not.
    pub(crate) crew: Option<Arc<dyn Crew>>,
    pub(crate) journal: Option<RunJournal>,
}

impl Floor {
    /// One lane, which tells each item why it cannot run.
    pub(crate) fn rejecting(waiting: Waiting) -> Self {
        Self {
            lanes: 1,
            waiting,
            crew: None,
            journal: None,
        }
    }
}

impl<'j, S, T, E, O> Session<'j, S, T, E, O>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
    O: Outbox<Result<T, Error<E>>> + 'j,
{
    pub(crate) fn new(
        name: &'static str,
        source: S,
        job: AnyJob<'j, S::Item, T, E>,
        config: MapConfig,
        outbox: O,
        statistics: Option<Arc<Statistics>>,
        floor: Floor,
    ) -> Arc<Self> {
        let Floor {
            lanes,
            waiting,
            crew,
            journal,
        } = floor;
        let keeps = |statistics: &Arc<Statistics>| statistics.sampler().is_some();
        let watched = config.resume.is_some() || statistics.as_ref().is_some_and(keeps);
        let chunked = O::CHUNKED && waiting == Waiting::Blocking && lanes > 1;
        let halt = Arc::new(Halt::new(lanes, crew.clone()));
        if let Some(cancel) = &config.cancel {
            cancel.register(&halt);
        }
        let failures = Failures::new(config.on_error);
        Arc::new(Self {
            name,
            job,
            config,
            intake: Intake::new(source, if chunked { lanes } else { 0 }),
            outbox,
            halt,
            failures,
            statistics,
            outer: ThreadObserver::current(),
            watched,
            waiting,
            crew,
            journal,
            caller: CallerSpan::current(),
            rejection: OnceLock::new(),
            panic: Mutex::new(None),
        })
    }

    /// No item can run, for this reason.
    pub(crate) fn reject(&self, reason: ConfigError) {
        // Where there is a reason already, that one stays.
        let _ = self.rejection.set(reason.into());
    }

    /// The run ends here: see [`Level::Now`].
    pub(crate) fn cancel(&self) {
        self.halt.raise(Level::Now);
        if let Some(journal) = &self.journal {
            journal.announce_end();
        }
    }

    fn stop(&self) {
        self.halt.raise(Level::Stop);
    }

    /// Has every item of the input a result, if so many have one?
    pub(crate) fn is_whole(&self, results: usize) -> bool {
        self.intake.gave_all(results)
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

    /// Everything that was recorded is on the disk now, and the journal free for the next run.
    pub(crate) fn close_journal(&self) {
        if let Some(journal) = &self.journal {
            journal.close();
        }
    }

    pub(crate) fn lanes(self: &Arc<Self>, lanes: usize) -> Vec<Lane<'j>> {
        (0..lanes).map(|lane| self.lane(lane)).collect()
    }

    fn lane(self: &Arc<Self>, lane: usize) -> Lane<'j> {
        self.outbox.lane_opened();
        let seat = Seat(Arc::clone(self));
        Box::pin(async move { seat.0.guard(lane).await })
    }

    /// Works until there is nothing more to do, the run is cancelled, or something panics that is no item.
    async fn guard(&self, lane: usize) {
        let ctrl_c = self.config.ctrl_c == Some(true);
        let mut within = Within::observer(self.statistics.as_ref(), lane, self.outer.as_ref());
        let mut work = pin!(self.work(lane));
        let mut registered: Option<Waker> = None;
        poll_fn(|cx| {
            if !registered.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
                self.halt.wakers.register(lane, cx.waker());
                registered = Some(cx.waker().clone());
            }
            if self.halt.ended() {
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

/// A lane's place in the run, given up when the lane ends or is dropped.
struct Seat<'j, S, T, E, O>(Arc<Session<'j, S, T, E, O>>)
where
    S: Source,
    O: Outbox<Result<T, Error<E>>>;

impl<S, T, E, O> Drop for Seat<'_, S, T, E, O>
where
    S: Source,
    O: Outbox<Result<T, Error<E>>>,
{
    fn drop(&mut self) {
        self.0.outbox.lane_closed();
    }
}
