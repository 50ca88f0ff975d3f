//! The timeouts of a worker: limits, stalls, and when to check again.

use std::time::{Duration, Instant};

use opero_core::WaitMode;

use super::{CANCEL_GRACE, RECHECK_INTERVAL, WorkerHandle};
use crate::executor::process::ipc::wire::Kind;
use crate::executor::process::pool::limit::Limit;

/// The silence after which a worker gives back the calls behind its current one.
const STALL_TIMEOUT: Duration = Duration::from_millis(10);

/// How long a worker may take to start, without `worker_init`.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The interval of liveness checks of a worker with calls. Its channel alone does not tell: a child
/// of its own may hold that open.
pub(super) const LIVENESS_INTERVAL: Duration = Duration::from_millis(200);

/// The silence after which a worker whose first call is over its limit is killed.
const UNRESPONSIVE_TIMEOUT: Duration = Duration::from_millis(100);

impl WorkerHandle {
    /// Enforces the timeouts that are due.
    pub(in super::super) fn check_timeouts(&mut self, now: Instant) {
        if self.channel_closed.is_some() || self.killed {
            return;
        }
        let too_slow = !self.ready && !self.preparing && now >= self.started + START_TIMEOUT;
        let overdue = self
            .calls
            .iter()
            .any(|sent| sent.kill_at.is_some_and(|kill_at| now >= kill_at));
        if too_slow || overdue {
            if too_slow {
                self.start_error = Some(format!("it was not ready within {START_TIMEOUT:?}"));
            }
            self.kill();
            return;
        }
        match self.waiting {
            WaitMode::Async => self.check_each(now),
            WaitMode::Blocking => self.check_first(now),
        }
    }

    /// Checks an async worker. All its calls run, unless one of them never waits: then the time of
    /// the others does not count.
    fn check_each(&mut self, now: Instant) {
        if self.give_back_asked && self.current_call.get() != self.polled {
            // The call that blocked waits or has ended: the worker takes calls again.
            self.give_back_asked = false;
        }
        let late = self.calls.iter().any(|sent| sent.is_late(now));
        let silent = self
            .next_stall_check()
            .is_some_and(|silence| now >= silence);
        if self.recheck_at.is_some_and(|again| now < again) || !(late || silent) {
            return;
        }
        let polled = self.current_call.get();
        let before = self.recheck_at.take().map(|_| self.polled);
        self.polled = polled;
        match before {
            // It may have just begun.
            None if polled != 0 => self.recheck_at = Some(now + RECHECK_INTERVAL),
            Some(before) if polled != 0 && polled == before => self.on_blocked_poll(polled, now),
            _ => {
                self.quiet_until = Some(now + LIVENESS_INTERVAL);
                self.time_out_the_late(now);
            }
        }
    }

    /// Handles an async worker that is blocked in the poll of one call.
    fn on_blocked_poll(&mut self, polled: u64, now: Instant) {
        if self.next_stall_check().is_some() {
            // Finished calls and those not begun must not wait for it.
            self.outgoing.word(Kind::GiveBack, 0);
            self.give_back_asked = true;
        }
        let mut calls = self.calls.iter_mut();
        match calls.find(|sent| sent.serial == polled && sent.call.limit.is_some()) {
            Some(stuck) if stuck.is_late(now) => {
                stuck.time_out(self.index, stuck.at, now);
                stuck.kill_at = Some(now);
                self.kill();
            }
            // It has time left, and so have the others.
            Some(_) => self.recheck_at = Some(now + RECHECK_INTERVAL),
            None => self.time_out_the_late(now),
        }
    }

    fn time_out_the_late(&mut self, now: Instant) {
        for sent in self.calls.iter_mut().filter(|sent| sent.is_late(now)) {
            sent.time_out(self.index, sent.at, now);
            sent.kill_at = Some(now + CANCEL_GRACE);
            self.outgoing.word(Kind::Cancel, sent.serial);
        }
    }

    /// Returns when a silent async worker is checked for a stall.
    fn next_stall_check(&self) -> Option<Instant> {
        let stall = self.last_progress + STALL_TIMEOUT;
        let matters = self.calls.len() > 1 && !self.give_back_asked;
        matters.then(|| self.quiet_until.map_or(stall, |calm| stall.max(calm)))
    }

    /// Checks a synchronous worker. Its first call runs, unless it is finished and its reply waits
    /// for others.
    fn check_first(&mut self, now: Instant) {
        if self.recheck_at.is_some_and(|again| now < again) {
            return;
        }
        let Some(since) = self.since() else { return };
        let Some(first) = self.calls.front_mut() else {
            return;
        };
        let late = first.call.limit.filter(|limit| limit.is_over(since, now));
        let Some(limit) = late else {
            if self.calls.len() > 1 && !self.give_back_asked && now >= since + STALL_TIMEOUT {
                self.ask_first_to_give_back(now);
            }
            return;
        };
        let running = self.current_call.get();
        if running == first.serial {
            first.time_out(self.index, since, now);
            first.kill_at = Some(now);
            return self.kill();
        }
        // It may have finished the first call and not sent the reply.
        let (mute, before) = *self.unresponsive_since.get_or_insert((now, running));
        if running != before {
            // It runs.
            self.unresponsive_since = Some((now, running));
        } else if now >= mute + UNRESPONSIVE_TIMEOUT {
            return self.on_unresponsive(running, limit, since, now);
        }
        self.ask_first_to_give_back(now);
    }

    fn ask_first_to_give_back(&mut self, now: Instant) {
        self.outgoing.word(Kind::GiveBack, 0);
        self.give_back_asked = self.calls.len() > 1;
        self.recheck_at = Some(now + STALL_TIMEOUT);
    }

    /// Kills a worker that is stopped or hung. Its current call is charged; without a known one,
    /// each call is retried alone.
    fn on_unresponsive(&mut self, running: u64, limit: Limit, since: Instant, now: Instant) {
        match self.calls.iter_mut().find(|sent| sent.serial == running) {
            Some(sent) if sent.is_wanted() => {
                match sent.call.limit {
                    Some(_) => sent.time_out(self.index, since, now),
                    None => sent.answer(Err(limit.rejection().into()), self.index, since, now),
                }
                sent.kill_at = Some(now);
                self.kill();
            }
            Some(_) => self.kill(),
            None => self.kill_unexplained(limit.rejection()),
        }
    }

    /// Returns since when a synchronous worker may run its first call: since it answered the one
    /// before and had all bytes of this one.
    fn since(&self) -> Option<Instant> {
        let first = self.calls.front()?;
        let there = first.sent_at.unwrap_or(self.last_sent.max(first.at));
        Some(there.max(self.last_progress))
    }

    /// Returns when the worker must be checked again.
    pub(in super::super) fn next_check(&self, now: Instant) -> Option<Instant> {
        if self.channel_closed.is_some() || self.killed {
            return Some(now + RECHECK_INTERVAL);
        }
        if !self.ready {
            return (!self.preparing).then(|| self.started + START_TIMEOUT);
        }
        let kills = self.calls.iter().filter_map(|sent| sent.kill_at).min();
        let own = match self.waiting {
            WaitMode::Async => {
                let limits = self.calls.iter().filter(|sent| sent.kill_at.is_none());
                let limits = limits.filter_map(|sent| sent.call.limit?.end(sent.at));
                let give_back_asked = self.give_back_asked.then(|| now + RECHECK_INTERVAL);
                let soonest = limits
                    .chain(self.next_stall_check())
                    .chain(give_back_asked)
                    .min();
                soonest.map(|soonest| self.recheck_at.map_or(soonest, |again| soonest.max(again)))
            }
            WaitMode::Blocking => self.calls.front().and_then(|first| {
                let since = self.since()?;
                let limit = first.call.limit.and_then(|limit| limit.end(since));
                let stall =
                    (self.calls.len() > 1 && !self.give_back_asked).then(|| since + STALL_TIMEOUT);
                let soonest = [limit, stall].into_iter().flatten().min()?;
                Some(self.recheck_at.map_or(soonest, |again| soonest.max(again)))
            }),
        };
        let pulse = (!self.calls.is_empty())
            .then(|| self.last_seen.max(self.last_progress) + LIVENESS_INTERVAL);
        [kills, own, pulse].into_iter().flatten().min()
    }
}
