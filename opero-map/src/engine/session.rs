use std::any::Any;
use std::future::{Future as _, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{self, Poll, Waker};

use opero_core::sync::lock;
use opero_core::{ConfigError, Context, Error, Event, Observer, Refused, RefusedKind, Waiting};

use super::failures::Failures;
use super::halt::{Halt, Level};
use super::intake::{Intake, Taken};
use super::item::{Deadline, poll_job};
use super::kept::Kept;
use super::lane_watch::LaneWatch;
use super::pace::Pace;
use super::{Detail, Outbox, Statistics};
use crate::executor::{Crew, Desk, Lane};
use crate::recording::{Course, Recording, Ticket};
use crate::{Job, MapConfig, Report, Source, ctrl_c};

/// The result of one item.
pub type ResultOf<S, J> =
    Result<<J as Job<<S as Source>::Item>>::Output, Error<<J as Job<<S as Source>::Item>>::Error>>;

/// One run, from its start to its end: what its lanes share.
pub(crate) struct Session<S: Source, J, O> {
    name: &'static str,
    job: J,
    config: MapConfig,
    intake: Intake<S>,
    pub(crate) outbox: O,
    pub(crate) halt: Arc<Halt>,
    failures: Failures,
    statistics: Option<Arc<Statistics>>,
    /// Does anybody ask what single items went through?
    watched: bool,
    /// How the lanes wait.
    waiting: Waiting,
    /// Who executes the function, where the lanes do not.
    crew: Option<Arc<dyn Crew>>,
    /// Where finished items are recorded, and where the results of earlier runs are.
    recording: Option<Recording>,
    /// Why no item can run: then this is each item's result.
    refusal: OnceLock<Refused>,
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
    pub(crate) recording: Option<Recording>,
}

impl Floor {
    /// One lane, which tells each item why it cannot run.
    pub(crate) fn refusing(waiting: Waiting) -> Self {
        Self {
            lanes: 1,
            waiting,
            crew: None,
            recording: None,
        }
    }
}

/// How many items a lane that never waits works on before it lets the others have their turn.
const TURN: u32 = 32;

impl<S, J, O> Session<S, J, O>
where
    S: Source,
    J: Job<S::Item>,
    O: Outbox<ResultOf<S, J>>,
{
    pub(crate) fn new(
        name: &'static str,
        source: S,
        job: J,
        config: MapConfig,
        outbox: O,
        statistics: Option<Arc<Statistics>>,
        floor: Floor,
    ) -> Arc<Self> {
        let Floor {
            lanes,
            waiting,
            crew,
            recording,
        } = floor;
        let keeps = |statistics: &Arc<Statistics>| statistics.keeper().is_some();
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
            watched,
            waiting,
            crew,
            recording,
            refusal: OnceLock::new(),
            panic: Mutex::new(None),
        })
    }

    /// No item can run, for this reason.
    pub(crate) fn refuse(&self, reason: ConfigError) {
        // Where there is a reason already, that one stays.
        let _ = self.refusal.set(reason.into());
    }

    /// The run ends here: see [`Level::Now`].
    pub(crate) fn cancel(&self) {
        self.halt.raise(Level::Now);
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
        if let Some(recording) = &self.recording {
            recording.account(&mut report);
        }
        report
    }

    /// Everything that was recorded is on the disk now, and the journal free for the next run.
    pub(crate) fn close_journal(&self) {
        if let Some(recording) = &self.recording {
            recording.close();
        }
    }

    pub(crate) fn lanes<'a>(self: &Arc<Self>, lanes: usize) -> Vec<Lane<'a>>
    where
        Self: 'a,
    {
        (0..lanes).map(|lane| self.lane(lane)).collect()
    }

    pub(crate) fn lane<'a>(self: &Arc<Self>, lane: usize) -> Lane<'a>
    where
        Self: 'a,
    {
        self.outbox.lane_opened();
        let seat = Seat(Arc::clone(self), std::marker::PhantomData);
        Box::pin(async move { seat.0.guard(lane).await })
    }

    /// Works until there is nothing more to do, the run is cancelled, or something panics that is no item.
    async fn guard(&self, lane: usize) {
        let ctrl_c = self.config.ctrl_c == Some(true);
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
            let poll = || ctrl_c::within(ctrl_c, || work.as_mut().poll(cx));
            catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|payload| {
                lock(&self.panic).get_or_insert(payload);
                self.stop();
                Poll::Ready(())
            })
        })
        .await;
    }

    async fn work(&self, lane: usize) {
        let statistics = self.statistics.as_deref();
        let shard = statistics.map(|s| s.shard(lane));
        let desk = self.crew.as_ref().map(|crew| crew.desk(lane));
        let mut cx = Context::new(&*self.config.clock, self.waiting).with_function(self.name);
        let clock = &*self.config.clock;
        let watch = self
            .watched
            .then(|| LaneWatch::new(lane, statistics, clock));
        let watching = watch.as_ref().map(|watch| watch as &dyn Observer);
        // Where nothing is asked for but how far the run is, a job whose results say it all need not be watched.
        let told = |s: &&Statistics| s.detail() != Detail::Progress || self.job.tells_more();
        let counting = || {
            let shard = statistics.filter(told).and(shard);
            shard.map(|shard| shard as &dyn Observer)
        };
        if let Some(observer) = watching.or_else(counting) {
            cx = cx.with_observer(observer);
        }
        if let Some(desk) = &desk {
            cx = cx.with_remote(&**desk);
        }
        let mut kept = Kept::new(&self.outbox);
        let mut pace = Pace::new();
        let mut turn = TURN;
        let mut room = false;
        while let Some(Taken {
            index,
            item,
            ticket,
        }) =
            poll_fn(|cx| self.poll_next(lane, &mut room, desk.as_deref(), &mut pace, cx)).await
        {
            room = false;
            let started = cx.observer().map(|_| cx.now());
            if let (Some(watch), Some(started)) = (&watch, started) {
                watch.begin(index, started);
            }
            let recalled = self.recall(ticket.as_ref());
            let known = recalled.is_some();
            let unix = ticket.as_ref().map(|_| cx.clock().unix());
            let result = if let Some(result) = recalled {
                result
            } else {
                let mut deadline = self
                    .config
                    .item_timeout
                    .map(|limit| Deadline::new(&cx, limit));
                // Inside an async block, so that a panic before the job's future exists is caught as well.
                let mut job = pin!(async {
                    match self.refusal.get() {
                        None => self.job.run(&cx, item).await,
                        Some(refused) => Err(Error::refused(refused.clone())),
                    }
                });
                poll_fn(|task| poll_job(job.as_mut(), &mut deadline, &cx, task)).await
            };
            if self.is_sent_away(desk.is_some(), &result) {
                break;
            }
            if let Some(started) = started {
                let ended = cx.now();
                let elapsed = ended.since(started);
                if let Some(shard) = shard {
                    shard.record((!known).then_some(elapsed), result.is_ok());
                }
                if let (Some(watch), Some(ticket), false) = (&watch, &ticket, known) {
                    let course = Course {
                        index,
                        started: unix.unwrap_or_default(),
                        elapsed,
                        seen: watch.seen(),
                    };
                    self.record(&cx, ticket, &result, &course);
                }
                if let Some(watch) = &watch {
                    watch.end(index, ended);
                }
            } else if let Some(shard) = shard {
                shard.record(None, result.is_ok());
            }
            if self.failures.stop_after(result.is_ok()) {
                self.stop();
            }
            kept.put(index, result);
            if let Some(desk) = &desk {
                desk.item_done();
            }
            turn -= 1;
            if turn == 0 {
                turn = TURN;
                if self.waiting == Waiting::Async {
                    yield_now().await;
                }
            }
        }
    }

    /// An item, once there is `room` for its result and the workers could do with one.
    #[inline]
    fn poll_next(
        &self,
        lane: usize,
        room: &mut bool,
        desk: Option<&(dyn Desk + '_)>,
        pace: &mut Pace,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Taken<S::Item>>> {
        if self.halt.stopped() {
            return Poll::Ready(None);
        }
        if !*room {
            task::ready!(self.outbox.poll_room(lane, cx));
            *room = true;
        }
        if let Some(desk) = desk {
            task::ready!(desk.poll_ready(cx));
        }
        let enrol = |item: &S::Item| {
            let recording = self.recording.as_ref()?;
            Some(recording.enrol(&self.job, item))
        };
        self.intake.poll_take(lane, pace, &self.halt, &enrol, cx)
    }

    /// Is that the answer of workers that were told to end? Then the item has no result.
    #[inline]
    fn is_sent_away(&self, remote: bool, result: &ResultOf<S, J>) -> bool {
        let refusal = || result.as_ref().err().and_then(Error::refusal);
        let stopped = |refused: &Refused| matches!(refused.kind(), RefusedKind::Stopped);
        remote && self.halt.ended() && refusal().is_some_and(stopped)
    }

    /// The result that needs no run, if there is one.
    #[inline]
    fn recall(&self, ticket: Option<&Ticket>) -> Option<ResultOf<S, J>> {
        self.recording.as_ref()?.recall(&self.job, ticket?)
    }

    /// Records a result before anybody gets to see it.
    fn record(&self, cx: &Context<'_>, ticket: &Ticket, result: &ResultOf<S, J>, course: &Course) {
        let recording = self.recording.as_ref();
        let recorded = recording.map(|r| r.record(&self.job, ticket, result, course));
        if let Some(Err(reason)) = recorded {
            cx.emit(Event::JournalUnavailable { reason: &reason });
        }
    }
}

/// A lane's place in the run, given up when the lane ends or is dropped.
struct Seat<S: Source, J, O: Outbox<R>, R>(
    Arc<Session<S, J, O>>,
    std::marker::PhantomData<fn() -> R>,
);

impl<S: Source, J, O: Outbox<R>, R> Drop for Seat<S, J, O, R> {
    fn drop(&mut self) {
        self.0.outbox.lane_closed();
    }
}

/// Lets the others have their turn.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
