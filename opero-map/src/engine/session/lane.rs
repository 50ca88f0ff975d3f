//! What a worker loop does: item after item.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use opero_core::{Context, Error, Event, Instant, Observer, Rejected, RejectedKind, Waiting};

use super::super::Outbox;
use super::super::inner::Inner;
use super::super::intake::{Batch, Taken};
use super::super::item::{Deadline, poll_run};
use super::super::kept::Kept;
use super::super::lane_watch::LaneWatch;
use super::Session;
use crate::Source;
use crate::erased::Items;
use crate::executor::Desk;
use crate::report::statistics::{Detail, Shard, Statistics};
use crate::resume::{ItemRecord, JournalKey};

/// How many items a lane that never waits works on before it lets the others have their turn.
const TURN: u32 = 32;

/// One lane of a run, as its job sees it.
struct WorkerLoop<'l, 'j, S, T, E, O>
where
    S: Source,
    O: Outbox<Result<T, Error<E>>>,
{
    session: &'l Session<'j, S, T, E, O>,
    lane: usize,
    cx: &'l Context<'l>,
    shard: Option<&'l Shard>,
    watch: Option<&'l LaneWatch<'l>>,
    desk: Option<&'l (dyn Desk + 'l)>,
    kept: Kept<'l, O, T, E>,
    batch: Batch<S::Item>,
    /// There is room for one more result.
    room: bool,
    turn: u32,
    current: Current<'l>,
    state: State,
}

/// The item that runs, or ran last.
struct Current<'l> {
    index: usize,
    key: Option<JournalKey>,
    opened: Option<Opened>,
    deadline: Option<Deadline<'l>>,
}

#[derive(PartialEq, Eq)]
enum State {
    /// No item has its result and waits for its run to be dropped.
    Idle,
    /// The last item has its result.
    Done,
    /// The loop ends, whatever items there are.
    Ended,
}

/// When an item was begun.
struct Opened {
    at: Instant,
    /// Since the Unix epoch, where that is recorded.
    unix: Duration,
}

impl<'j, S, T, E, O> Session<'j, S, T, E, O>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
    O: Outbox<Result<T, Error<E>>> + 'j,
{
    /// Takes items and runs them, until there are no more for this lane.
    pub(super) async fn work(&self, lane: usize) {
        let statistics = self.statistics.as_deref();
        let shard = statistics.map(|s| s.shard(lane));
        let clock = &*self.config.clock;
        let watch = self
            .watched
            .then(|| LaneWatch::new(lane, statistics, clock));
        let desk = self.crew.as_ref().map(|crew| crew.desk(lane));
        let cx = Context::new(clock, self.waiting).with_function(self.name);
        let mut cx = cx.counted_as_item();
        let watching = watch.as_ref().map(|watch| watch as &dyn Observer);
        // Where nothing is asked for but how far the run is, a job whose results say it all need not be watched.
        let told = |s: &&Statistics| s.detail() != Detail::Progress || self.job.tells_more();
        let counting = || {
            let shard = statistics.filter(told).and(shard);
            shard.map(|shard| shard as &dyn Observer)
        };
        let observer = watching.or_else(counting);
        let passing_on = Inner::new(observer, self.outer.as_deref());
        if let Some(observer) = passing_on.as_ref().map(|it| it as _).or(observer) {
            cx = cx.with_observer(observer);
        }
        if let Some(desk) = &desk {
            cx = cx.with_remote(&**desk);
        }
        let mut items = WorkerLoop {
            session: self,
            lane,
            cx: &cx,
            shard,
            watch: watch.as_ref(),
            desk: desk.as_deref(),
            kept: Kept::new(&self.outbox, shard),
            batch: self.intake.batch(lane),
            room: false,
            turn: TURN,
            current: Current {
                index: 0,
                key: None,
                opened: None,
                deadline: None,
            },
            state: State::Idle,
        };
        self.job.work(&cx, &mut items).await;
    }
}

impl<'j, S, T, E, O> Items<S::Item, T, E> for WorkerLoop<'_, 'j, S, T, E, O>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
    O: Outbox<Result<T, Error<E>>> + 'j,
{
    #[inline]
    fn poll_next(&mut self, task: &mut task::Context<'_>) -> Poll<Option<S::Item>> {
        if self.turn == 0 {
            self.turn = TURN;
            if self.session.waiting == Waiting::Async {
                // Lets the others have their turn.
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        loop {
            match mem::replace(&mut self.state, State::Idle) {
                State::Idle => {}
                State::Done => {
                    if let Some(desk) = self.desk {
                        desk.item_done();
                    }
                }
                State::Ended => return Poll::Ready(None),
            }
            let Some(taken) = task::ready!(self.poll_take(task)) else {
                return Poll::Ready(None);
            };
            if let Some(item) = self.begin(taken) {
                return Poll::Ready(Some(item));
            }
        }
    }

    #[inline]
    fn poll_run(
        &mut self,
        run: Pin<&mut (dyn Future<Output = Result<T, Error<E>>> + Send + '_)>,
        task: &mut task::Context<'_>,
    ) -> Poll<()> {
        let result = task::ready!(poll_run(run, &mut self.current.deadline, self.cx, task));
        self.finish(result, false);
        Poll::Ready(())
    }
}

impl<'j, S, T, E, O> WorkerLoop<'_, 'j, S, T, E, O>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
    O: Outbox<Result<T, Error<E>>> + 'j,
{
    /// An item, once there is room for its result and the workers could do with one.
    #[inline]
    fn poll_take(&mut self, task: &mut task::Context<'_>) -> Poll<Option<Taken<S::Item>>> {
        let session = self.session;
        if session.halt.stopped() {
            return Poll::Ready(None);
        }
        if !self.room {
            task::ready!(session.outbox.poll_room(self.lane, task));
            self.room = true;
        }
        if let Some(desk) = self.desk {
            task::ready!(desk.poll_ready(task));
        }
        let journal_key = |item: &S::Item| {
            let journal = session.journal.as_ref()?;
            Some(journal.key(&*session.job, item))
        };
        let intake = &session.intake;
        intake.poll_take(
            self.lane,
            &mut self.batch,
            &session.halt,
            &journal_key,
            task,
        )
    }

    /// Opens the account of an item. Returns it, unless it has its result without being run.
    #[inline]
    fn begin(&mut self, taken: Taken<S::Item>) -> Option<S::Item> {
        let Taken { index, item, key } = taken;
        let session = self.session;
        self.room = false;
        self.kept.begin(index);
        self.current.index = index;
        if self.cx.observer().is_some() {
            self.open_record(index, key.is_some());
        }
        if key.is_some() {
            let known = self.lookup(key.as_ref());
            self.current.key = key;
            if let Some(result) = known {
                self.finish(result, true);
                return None;
            }
        }
        if let Some(rejected) = session.rejection.get() {
            self.finish(Err(Error::rejected(rejected.clone())), false);
            return None;
        }
        if let Some(limit) = session.config.item_timeout {
            self.current.deadline = Some(Deadline::new(self.cx, limit, self.desk));
        }
        Some(item)
    }

    fn open_record(&mut self, index: usize, recorded: bool) {
        let at = self.cx.now();
        if let Some(watch) = self.watch {
            watch.begin(index, at);
        }
        let unix = match recorded {
            true => self.cx.clock().unix(),
            false => Duration::ZERO,
        };
        self.current.opened = Some(Opened { at, unix });
    }

    /// Takes the result of the item. `known` is one of an earlier run.
    #[inline]
    fn finish(&mut self, result: Result<T, Error<E>>, known: bool) {
        let session = self.session;
        if self.is_sent_away(&result) {
            self.state = State::Ended;
            return;
        }
        if self.current.opened.is_some() {
            self.close_record(known, &result);
        } else if let Some(shard) = self.shard {
            match known {
                true => shard.record_known(result.is_ok()),
                false => shard.record(None, result.is_ok()),
            }
        }
        // What earlier runs recorded says nothing of how this one goes.
        if !known && session.failures.stop_after(result.is_ok()) {
            session.stop();
        }
        // Its timer must not wake the loop while that waits for another item.
        self.current.deadline = None;
        self.state = State::Done;
        self.turn = self.turn.saturating_sub(1);
        match result {
            Ok(value) => self.kept.put(self.current.index, Ok(value)),
            Err(error) => self.kept.put_error(self.current.index, Err(error)),
        }
    }

    /// Counts, records and shows an item that has its result, before anybody gets to see that.
    fn close_record(&mut self, known: bool, result: &Result<T, Error<E>>) {
        let Some(opened) = self.current.opened.take() else {
            return;
        };
        let ended = self.cx.now();
        let elapsed = ended.since(opened.at);
        if let Some(shard) = self.shard {
            match known {
                true => shard.record_known(result.is_ok()),
                false => shard.record(Some(elapsed), result.is_ok()),
            }
        }
        let Some(watch) = self.watch else { return };
        if known {
            return;
        }
        let index = self.current.index;
        if let Some(key) = &self.current.key {
            let item = ItemRecord {
                index,
                started: opened.unix,
                elapsed,
                trace: watch.trace(),
            };
            self.record(key, result, &item);
        }
        watch.end(index, ended);
    }

    /// Is that the answer of workers that were told to end? Then the item was stopped.
    #[inline]
    fn is_sent_away(&self, result: &Result<T, Error<E>>) -> bool {
        let rejection = || result.as_ref().err().and_then(Error::rejection);
        let stopped = |rejected: &Rejected| matches!(rejected.kind(), RejectedKind::Stopped);
        self.desk.is_some() && self.session.halt.ended() && rejection().is_some_and(stopped)
    }

    /// Returns the result of an item that needs no run, if it has one.
    fn lookup(&self, key: Option<&JournalKey>) -> Option<Result<T, Error<E>>> {
        let journal = self.session.journal.as_ref()?;
        journal.lookup(&*self.session.job, key?)
    }

    /// Records a result before anybody gets to see it.
    fn record(&self, key: &JournalKey, result: &Result<T, Error<E>>, item: &ItemRecord) {
        let journal = self.session.journal.as_ref();
        let recorded = journal.map(|journal| journal.record(&*self.session.job, key, result, item));
        if let Some(Err(reason)) = recorded {
            self.cx.emit(Event::JournalUnavailable { reason: &reason });
        }
    }
}
