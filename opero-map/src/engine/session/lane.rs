//! What a lane does: item after item.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::pin::pin;
use std::task::{self, Poll};
use std::time::Duration;

use opero_core::{Context, Error, Event, Instant, Observer, Refused, RefusedKind, Waiting};

use super::super::Outbox;
use super::super::inner::Inner;
use super::super::intake::{Batch, Taken};
use super::super::item::{Deadline, poll_job};
use super::super::kept::Kept;
use super::super::lane_watch::LaneWatch;
use super::super::statistics::{Detail, Shard, Statistics};
use super::{ResultOf, Session};
use crate::executor::Desk;
use crate::recording::{Course, Ticket};
use crate::{Job, Source};

/// How many items a lane that never waits works on before it lets the others have their turn.
const TURN: u32 = 32;

/// Where a lane keeps account of its items.
struct Books<'l> {
    cx: &'l Context<'l>,
    shard: Option<&'l Shard>,
    watch: Option<&'l LaneWatch<'l>>,
}

/// When an item was begun.
struct Opened {
    index: usize,
    at: Instant,
    /// Since the Unix epoch, where that is recorded.
    unix: Duration,
}

impl Books<'_> {
    /// An item begins. `None` where nobody asks.
    #[inline]
    fn open(&self, index: usize, recorded: bool) -> Option<Opened> {
        self.cx.observer()?;
        let at = self.cx.now();
        if let Some(watch) = self.watch {
            watch.begin(index, at);
        }
        let unix = match recorded {
            true => self.cx.clock().unix(),
            false => Duration::ZERO,
        };
        Some(Opened { index, at, unix })
    }
}

impl<S, J, O> Session<S, J, O>
where
    S: Source,
    J: Job<S::Item>,
    O: Outbox<ResultOf<S, J>>,
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
        let books = Books {
            cx: &cx,
            shard,
            watch: watch.as_ref(),
        };
        let mut kept = Kept::new(&self.outbox);
        let mut batch = self.intake.batch(lane);
        let mut turn = TURN;
        let mut room = false;
        while let Some(Taken {
            index,
            item,
            ticket,
        }) =
            poll_fn(|cx| self.poll_next(lane, &mut room, desk.as_deref(), &mut batch, cx)).await
        {
            room = false;
            let begun = books.open(index, ticket.is_some());
            // Called where the result is made: on its way out of a future it would be copied at every step.
            let mut finish = |result: ResultOf<S, J>, known: bool| {
                if self.is_sent_away(desk.is_some(), &result) {
                    return ControlFlow::Break(());
                }
                if let Some(begun) = &begun {
                    self.close_books(&books, begun, ticket.as_ref(), known, &result);
                } else if let Some(shard) = shard {
                    match known {
                        true => shard.record_known(result.is_ok()),
                        false => shard.record(None, result.is_ok()),
                    }
                }
                // What earlier runs recorded says nothing of how this one goes.
                if !known && self.failures.stop_after(result.is_ok()) {
                    self.stop();
                }
                match result {
                    Ok(value) => kept.put(index, Ok(value)),
                    Err(error) => kept.put_error(index, Err(error)),
                }
                ControlFlow::Continue(())
            };
            let flow = if let Some(result) = self.recall(ticket.as_ref()) {
                finish(result, true)
            } else {
                let mut deadline = self
                    .config
                    .item_timeout
                    .map(|limit| Deadline::new(&cx, limit, desk.as_deref()));
                // Inside an async block, so that a panic before the job's future exists is caught as well.
                let mut job = pin!(async {
                    match self.refusal.get() {
                        None => self.job.run(&cx, item).await,
                        Some(refused) => Err(Error::refused(refused.clone())),
                    }
                });
                poll_fn(|task| {
                    poll_job(job.as_mut(), &mut deadline, &cx, task)
                        .map(|result| finish(result, false))
                })
                .await
            };
            if flow.is_break() {
                break;
            }
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

    /// Counts, records and shows an item that has its result, before anybody gets to see that.
    fn close_books(
        &self,
        books: &Books<'_>,
        begun: &Opened,
        ticket: Option<&Ticket>,
        known: bool,
        result: &ResultOf<S, J>,
    ) {
        let ended = books.cx.now();
        let elapsed = ended.since(begun.at);
        if let Some(shard) = books.shard {
            match known {
                true => shard.record_known(result.is_ok()),
                false => shard.record(Some(elapsed), result.is_ok()),
            }
        }
        let Some(watch) = books.watch else { return };
        if known {
            return;
        }
        if let Some(ticket) = ticket {
            let course = Course {
                index: begun.index,
                started: begun.unix,
                elapsed,
                seen: watch.seen(),
            };
            self.record(books.cx, ticket, result, &course);
        }
        watch.end(begun.index, ended);
    }

    /// An item, once there is `room` for its result and the workers could do with one.
    #[inline]
    fn poll_next(
        &self,
        lane: usize,
        room: &mut bool,
        desk: Option<&(dyn Desk + '_)>,
        batch: &mut Batch<S::Item>,
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
        self.intake.poll_take(lane, batch, &self.halt, &enrol, cx)
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
