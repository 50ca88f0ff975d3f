//! A worker loop: item after item.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use opero_core::{Context, Error, Event, Instant, Observer, Rejected, RejectedKind, WaitMode};

use super::super::item::{Deadline, poll_run};
use super::super::item_tracer::ItemTracer;
use super::super::loop_results::LoopResults;
use super::super::nested::NestedRun;
use super::super::sink::ResultSink;
use super::super::source_queue::{Batch, QueuedItem};
use super::Session;
use crate::erased::Items;
use crate::executor::PoolClient;
use crate::report::statistics::{Detail, Shard, Statistics};
use crate::resume::{ItemRecord, JournalKey};
use crate::source::Source;

/// The items after which a loop that never waits yields to the others.
const ITEMS_PER_TURN: u32 = 32;

/// The items of one worker loop, as its job sees them.
struct LoopItems<'l, 'j, S, T, E, O>
where
    S: Source,
    O: ResultSink<Result<T, Error<E>>>,
{
    session: &'l Session<'j, S, T, E, O>,
    worker_loop: usize,
    cx: &'l Context<'l>,
    shard: Option<&'l Shard>,
    watch: Option<&'l ItemTracer<'l>>,
    client: Option<&'l (dyn PoolClient + 'l)>,
    results: LoopResults<'l, O, T, E>,
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
    O: ResultSink<Result<T, Error<E>>> + 'j,
{
    /// Takes items and runs them until the input ends.
    pub(super) async fn work(&self, worker_loop: usize) {
        let statistics = self.statistics.as_deref();
        let shard = statistics.map(|s| s.shard(worker_loop));
        let clock = &*self.config.clock;
        let watch = self
            .watched
            .then(|| ItemTracer::new(worker_loop, statistics, clock));
        let client = self.pool.as_ref().map(|pool| pool.client(worker_loop));
        let cx = Context::new(clock, self.waiting).with_function(self.name);
        let mut cx = cx.counted_as_item();
        let watching = watch.as_ref().map(|watch| watch as &dyn Observer);
        // Where nothing is asked for but how far the run is, a job whose results say it all need
        // not be watched.
        let told = |s: &&Statistics| s.detail() != Detail::Progress || self.job.tells_more();
        let counting = || {
            let shard = statistics.filter(told).and(shard);
            shard.map(|shard| shard as &dyn Observer)
        };
        let observer = watching.or_else(counting);
        let passing_on = NestedRun::new(observer, self.outer.as_deref());
        if let Some(observer) = passing_on.as_ref().map(|it| it as _).or(observer) {
            cx = cx.with_observer(observer);
        }
        if let Some(client) = &client {
            cx = cx.with_remote(&**client);
        }
        let mut items = LoopItems {
            session: self,
            worker_loop,
            cx: &cx,
            shard,
            watch: watch.as_ref(),
            client: client.as_deref(),
            results: LoopResults::new(&self.sink, shard),
            batch: self.source_queue.batch(worker_loop),
            room: false,
            turn: ITEMS_PER_TURN,
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

impl<'j, S, T, E, O> Items<S::Item, T, E> for LoopItems<'_, 'j, S, T, E, O>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
    O: ResultSink<Result<T, Error<E>>> + 'j,
{
    #[inline]
    fn poll_next(&mut self, task: &mut task::Context<'_>) -> Poll<Option<S::Item>> {
        if self.turn == 0 {
            self.turn = ITEMS_PER_TURN;
            if self.session.waiting == WaitMode::Async {
                // Yields to the others.
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        loop {
            match mem::replace(&mut self.state, State::Idle) {
                State::Idle => {}
                State::Done => {
                    if let Some(client) = self.client {
                        client.end_item();
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

impl<'j, S, T, E, O> LoopItems<'_, 'j, S, T, E, O>
where
    S: Source + 'j,
    T: Send + 'j,
    E: Send + 'j,
    O: ResultSink<Result<T, Error<E>>> + 'j,
{
    /// Takes an item, once its result has room and the workers have capacity.
    #[inline]
    fn poll_take(&mut self, task: &mut task::Context<'_>) -> Poll<Option<QueuedItem<S::Item>>> {
        let session = self.session;
        if session.stop_signal.stopped() {
            return Poll::Ready(None);
        }
        if !self.room {
            task::ready!(session.sink.poll_room(self.worker_loop, task));
            self.room = true;
        }
        if let Some(client) = self.client {
            task::ready!(client.poll_ready(task));
        }
        let journal_key = |item: &S::Item| {
            let journal = session.journal.as_ref()?;
            Some(journal.key(&*session.job, item))
        };
        let source_queue = &session.source_queue;
        source_queue.poll_take(
            self.worker_loop,
            &mut self.batch,
            &session.stop_signal,
            &journal_key,
            task,
        )
    }

    /// Begins an item. Returns it, unless it has a result without running.
    #[inline]
    fn begin(&mut self, taken: QueuedItem<S::Item>) -> Option<S::Item> {
        let QueuedItem { index, item, key } = taken;
        let session = self.session;
        self.room = false;
        self.results.begin(index);
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
            self.current.deadline = Some(Deadline::new(self.cx, limit, self.client));
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

    /// Takes the result of the item; with `known` it is an earlier run's.
    #[inline]
    fn finish(&mut self, result: Result<T, Error<E>>, known: bool) {
        let session = self.session;
        if self.was_stopped(&result) {
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
            Ok(value) => self.results.put(self.current.index, Ok(value)),
            Err(error) => self.results.put_error(self.current.index, Err(error)),
        }
    }

    /// Counts and records an item, and ends its spans, before its result is handed out.
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

    /// Returns `true` if workers that were stopped rejected the item.
    #[inline]
    fn was_stopped(&self, result: &Result<T, Error<E>>) -> bool {
        let rejection = || result.as_ref().err().and_then(Error::rejection);
        let stopped = |rejected: &Rejected| matches!(rejected.kind(), RejectedKind::Stopped);
        self.client.is_some()
            && self.session.stop_signal.ended()
            && rejection().is_some_and(stopped)
    }

    /// Returns the result of an item that needs no run, if it has one.
    fn lookup(&self, key: Option<&JournalKey>) -> Option<Result<T, Error<E>>> {
        let journal = self.session.journal.as_ref()?;
        journal.lookup(&*self.session.job, key?)
    }

    /// Records a result before it is handed out.
    fn record(&self, key: &JournalKey, result: &Result<T, Error<E>>, item: &ItemRecord) {
        let journal = self.session.journal.as_ref();
        let recorded = journal.map(|journal| journal.record(&*self.session.job, key, result, item));
        if let Some(Err(reason)) = recorded {
            self.cx.emit(Event::JournalUnavailable { reason: &reason });
        }
    }
}
