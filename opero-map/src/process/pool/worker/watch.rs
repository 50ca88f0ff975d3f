//! What time does to a worker: limits, stalls, and how soon to look again.

use std::time::{Duration, Instant};

use opero_core::Waiting;

use super::super::super::wire::Kind;
use super::super::limit::Limit;
use super::{GRACE, SOON, Worker};

/// A worker that says nothing for so long, and has more than the call it is at, gives the others back.
const STALL: Duration = Duration::from_millis(10);

/// How long a worker may take until it says that it is ready, without what its user wants done first.
const START: Duration = Duration::from_secs(30);

/// How often to look whether a worker that has calls still lives, beside what its channel tells: a child of its own could hold that
/// open.
pub(super) const PULSE: Duration = Duration::from_millis(200);

/// A worker whose first call is late, and that does not say for so long what became of it, is killed.
const MUTE: Duration = Duration::from_millis(100);

impl Worker {
    /// Looks at the time.
    pub(in super::super) fn look(&mut self, now: Instant) {
        if self.gone.is_some() || self.killed {
            return;
        }
        let too_slow = !self.ready && !self.preparing && now >= self.started + START;
        let disobedient = self
            .calls
            .iter()
            .any(|sent| sent.doom.is_some_and(|doom| now >= doom));
        if too_slow || disobedient {
            if too_slow {
                self.unfit = Some(format!("it was not ready within {START:?}"));
            }
            self.kill();
            return;
        }
        match self.waiting {
            Waiting::Async => self.look_at_each(now),
            Waiting::Blocking => self.look_at_first(now),
        }
    }

    /// All calls of an async worker run, unless one of them never waits: then the time of the others is not their own.
    fn look_at_each(&mut self, now: Instant) {
        if self.asked && self.page.get() != self.polled {
            // What never waited does, or has ended: it can be given calls again.
            self.asked = false;
        }
        let late = self.calls.iter().any(|sent| sent.is_late(now));
        let silent = self.silence().is_some_and(|silence| now >= silence);
        if self.again.is_some_and(|again| now < again) || !(late || silent) {
            return;
        }
        let polled = self.page.get();
        let before = self.again.take().map(|_| self.polled);
        self.polled = polled;
        match before {
            // It may only just be at it.
            None if polled != 0 => self.again = Some(now + SOON),
            Some(before) if polled != 0 && polled == before => self.stuck(polled, now),
            _ => {
                self.calm = Some(now + PULSE);
                self.time_out_the_late(now);
            }
        }
    }

    /// An async worker polls that call and nothing else.
    fn stuck(&mut self, polled: u64, now: Instant) {
        if self.silence().is_some() {
            // What is finished or not begun does not wait for it.
            self.outgoing.word(Kind::GiveBack, 0);
            self.asked = true;
        }
        let mut calls = self.calls.iter_mut();
        match calls.find(|sent| sent.serial == polled && sent.call.limit.is_some()) {
            Some(stuck) if stuck.is_late(now) => {
                stuck.time_out(self.index, stuck.at, now);
                stuck.doom = Some(now);
                self.kill();
            }
            // It has time left, and the others have as long.
            Some(_) => self.again = Some(now + SOON),
            None => self.time_out_the_late(now),
        }
    }

    fn time_out_the_late(&mut self, now: Instant) {
        for sent in self.calls.iter_mut().filter(|sent| sent.is_late(now)) {
            sent.time_out(self.index, sent.at, now);
            sent.doom = Some(now + GRACE);
            self.outgoing.word(Kind::Cancel, sent.serial);
        }
    }

    /// When an async worker that says nothing is worth a look.
    fn silence(&self) -> Option<Instant> {
        let stall = self.progress + STALL;
        let matters = self.calls.len() > 1 && !self.asked;
        matters.then(|| self.calm.map_or(stall, |calm| stall.max(calm)))
    }

    /// The first call of a synchronous worker runs, unless it is finished and waits to be sent with others.
    fn look_at_first(&mut self, now: Instant) {
        if self.again.is_some_and(|again| now < again) {
            return;
        }
        let Some(since) = self.since() else { return };
        let Some(first) = self.calls.front_mut() else {
            return;
        };
        let late = first.call.limit.filter(|limit| limit.is_over(since, now));
        let Some(limit) = late else {
            if self.calls.len() > 1 && !self.asked && now >= since + STALL {
                self.give_back(now);
            }
            return;
        };
        let running = self.page.get();
        if running == first.serial {
            first.time_out(self.index, since, now);
            first.doom = Some(now);
            return self.kill();
        }
        // It may have finished the first, and have that with it.
        let (mute, before) = *self.mute.get_or_insert((now, running));
        if running != before {
            // It runs.
            self.mute = Some((now, running));
        } else if now >= mute + MUTE {
            return self.silenced(running, limit, since, now);
        }
        self.give_back(now);
    }

    fn give_back(&mut self, now: Instant) {
        self.outgoing.word(Kind::GiveBack, 0);
        self.asked = self.calls.len() > 1;
        self.again = Some(now + STALL);
    }

    /// It does not hear: it is stopped, or hung. The call it is at is charged; if it is at none that is known, each has to
    /// show alone that it is not to blame.
    fn silenced(&mut self, running: u64, limit: Limit, since: Instant, now: Instant) {
        match self.calls.iter_mut().find(|sent| sent.serial == running) {
            Some(sent) if sent.is_wanted() => {
                match sent.call.limit {
                    Some(_) => sent.time_out(self.index, since, now),
                    None => sent.answer(Err(limit.rejection().into()), self.index, since, now),
                }
                sent.doom = Some(now);
                self.kill();
            }
            Some(_) => self.kill(),
            None => self.kill_unexplained(limit.rejection()),
        }
    }

    /// Since when a synchronous worker may be at its first call: since the one before was answered, and not before it has all
    /// bytes of this one.
    fn since(&self) -> Option<Instant> {
        let first = self.calls.front()?;
        let there = first.out.unwrap_or(self.moved.max(first.at));
        Some(there.max(self.progress))
    }

    /// When it has to be looked at again.
    pub(in super::super) fn next_look(&self, now: Instant) -> Option<Instant> {
        if self.gone.is_some() || self.killed {
            return Some(now + SOON);
        }
        if !self.ready {
            return (!self.preparing).then(|| self.started + START);
        }
        let dooms = self.calls.iter().filter_map(|sent| sent.doom).min();
        let own = match self.waiting {
            Waiting::Async => {
                let limits = self.calls.iter().filter(|sent| sent.doom.is_none());
                let limits = limits.filter_map(|sent| sent.call.limit?.end(sent.at));
                let asked = self.asked.then(|| now + SOON);
                let soonest = limits.chain(self.silence()).chain(asked).min();
                soonest.map(|soonest| self.again.map_or(soonest, |again| soonest.max(again)))
            }
            Waiting::Blocking => self.calls.front().and_then(|first| {
                let since = self.since()?;
                let limit = first.call.limit.and_then(|limit| limit.end(since));
                let stall = (self.calls.len() > 1 && !self.asked).then(|| since + STALL);
                let soonest = [limit, stall].into_iter().flatten().min()?;
                Some(self.again.map_or(soonest, |again| soonest.max(again)))
            }),
        };
        let pulse = (!self.calls.is_empty()).then(|| self.seen.max(self.progress) + PULSE);
        [dooms, own, pulse].into_iter().flatten().min()
    }
}
