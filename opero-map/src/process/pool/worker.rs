//! One worker process, as the foreman sees it.

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use opero_core::{Executed, Refused, RefusedKind, Waiting};

use super::super::page::Page;
use super::super::wire::{Decoder, Kind};
use super::call::Call;
use super::outgoing::Outgoing;
use super::start::Started;

/// How long a worker may take to stop a call that nobody waits for, before it is killed.
const GRACE: Duration = Duration::from_millis(20);

/// A worker that says nothing for so long, and has more than the call it is at, gives the others back.
const STALL: Duration = Duration::from_millis(10);

/// How long a worker may take until it says that it is ready.
const START: Duration = Duration::from_secs(30);

/// How long after the end of its channel a process may take to end.
const END: Duration = Duration::from_millis(100);

/// How often to look whether a worker that has calls still lives, beside what its channel tells: a child of its own could hold that
/// open.
const PULSE: Duration = Duration::from_millis(200);

/// How soon to look again at what gives no sign by itself.
const SOON: Duration = Duration::from_millis(2);

pub(super) struct Worker {
    pub(super) index: usize,
    child: Child,
    pub(super) socket: UnixStream,
    pub(super) decoder: Decoder,
    pub(super) outgoing: Outgoing,
    page: Page,
    pub(super) waiting: Waiting,
    /// What it has and has not answered, in the order in which it was sent.
    pub(super) calls: VecDeque<Sent>,
    pub(super) started: Instant,
    pub(super) ready: bool,
    /// When it last answered, or got a call while it had none.
    pub(super) progress: Instant,
    /// It was asked to give back what it has not begun, and has not answered since.
    asked: bool,
    /// Not to be looked at before, where looking changed nothing.
    again: Option<Instant>,
    pub(super) assigned: u64,
    pub(super) resident: u64,
    /// When it was last seen alive.
    seen: Instant,
    /// When its channel ended.
    gone: Option<Instant>,
    /// It was killed from here.
    killed: bool,
    /// Why it cannot work, in its own words.
    pub(super) unfit: Option<String>,
}

/// A call that a worker has.
pub(super) struct Sent {
    pub(super) call: Call,
    pub(super) at: Instant,
    /// Its caller has its answer or does not want one; the worker has until then to let go of it.
    doom: Option<Instant>,
}

impl Worker {
    pub(super) fn new(index: usize, started: Started, waiting: Waiting, now: Instant) -> Self {
        Self {
            index,
            child: started.child,
            socket: started.socket,
            decoder: Decoder::default(),
            outgoing: Outgoing::default(),
            page: started.page,
            waiting,
            calls: VecDeque::new(),
            started: now,
            ready: false,
            progress: now,
            asked: false,
            again: None,
            assigned: 0,
            resident: 0,
            seen: now,
            gone: None,
            killed: false,
            unfit: None,
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.is_some()
    }

    /// How many calls it has, if it can take more.
    pub(super) fn load(&self) -> Option<usize> {
        (self.ready && self.gone.is_none() && !self.killed && !self.asked)
            .then_some(self.calls.len())
    }

    pub(super) fn assign(&mut self, call: Call, now: Instant) {
        if self.calls.is_empty() {
            self.progress = now;
        }
        self.outgoing.push(Kind::Call, call.id, &call.arguments);
        self.assigned += 1;
        self.calls.push_back(Sent {
            call,
            at: now,
            doom: None,
        });
    }

    /// Sends what there is to send.
    pub(super) fn send(&mut self, now: Instant) {
        if self.gone.is_none() && self.outgoing.send(&mut self.socket).is_err() {
            self.lost(now);
        }
    }

    /// Its channel has ended.
    pub(super) fn lost(&mut self, now: Instant) {
        self.gone.get_or_insert(now);
    }

    /// Takes a call off its list.
    pub(super) fn take(&mut self, id: u64) -> Option<Sent> {
        let place = self.calls.iter().position(|sent| sent.call.id == id)?;
        self.calls.remove(place)
    }

    /// It has answered.
    pub(super) fn answered(&mut self, now: Instant) {
        self.progress = now;
        self.asked = false;
        self.again = None;
    }

    /// Nobody waits for that call any more. Is it here?
    pub(super) fn cancel(&mut self, id: u64, now: Instant) -> bool {
        let Some(sent) = self.calls.iter_mut().find(|sent| sent.call.id == id) else {
            return false;
        };
        if sent.doom.is_none() {
            sent.doom = Some(now + GRACE);
            if self.waiting == Waiting::Blocking && self.page.get() == id {
                // Nothing can stop it but this.
                self.kill();
            } else {
                self.outgoing.word(Kind::Cancel, id);
            }
        }
        true
    }

    /// Asks for what it has not begun, for a worker that has nothing to do. Has it any?
    pub(super) fn share(&mut self) -> bool {
        let has_more = self.waiting == Waiting::Blocking && self.calls.len() > 1;
        if has_more && self.load().is_some() {
            self.outgoing.word(Kind::GiveBack, 0);
            self.asked = true;
        }
        has_more
    }

    /// Looks at the time.
    pub(super) fn look(&mut self, now: Instant) {
        if self.gone.is_some() || self.killed {
            return;
        }
        let too_slow = !self.ready && now >= self.started + START;
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

    /// All calls of an async worker run.
    fn look_at_each(&mut self, now: Instant) {
        for sent in &mut self.calls {
            let late = sent.call.limit.is_some_and(|limit| now >= sent.at + limit);
            if late && sent.doom.is_none() {
                sent.time_out(self.index, sent.at, now);
                sent.doom = Some(now + GRACE);
                self.outgoing.word(Kind::Cancel, sent.call.id);
            }
        }
    }

    /// The first call of a synchronous worker runs, unless it is finished and waits to be sent with others.
    fn look_at_first(&mut self, now: Instant) {
        if self.again.is_some_and(|again| now < again) {
            return;
        }
        let Some(first) = self.calls.front_mut() else {
            return;
        };
        let since = first.at.max(self.progress);
        let late = first.call.limit.is_some_and(|limit| now >= since + limit);
        if late && self.page.get() == first.call.id {
            first.time_out(self.index, since, now);
            first.doom = Some(now);
            self.kill();
        } else if late || (self.calls.len() > 1 && !self.asked && now >= since + STALL) {
            self.outgoing.word(Kind::GiveBack, 0);
            self.asked = self.calls.len() > 1;
            self.again = Some(now + STALL);
        }
    }

    /// When it has to be looked at again.
    pub(super) fn next_look(&self, now: Instant) -> Option<Instant> {
        if self.gone.is_some() || self.killed {
            return Some(now + SOON);
        }
        if !self.ready {
            return Some(self.started + START);
        }
        let dooms = self.calls.iter().filter_map(|sent| sent.doom).min();
        let own = match self.waiting {
            Waiting::Async => {
                let limits = self.calls.iter().filter(|sent| sent.doom.is_none());
                limits
                    .filter_map(|sent| Some(sent.at + sent.call.limit?))
                    .min()
            }
            Waiting::Blocking => self.calls.front().and_then(|first| {
                let since = first.at.max(self.progress);
                let limit = first.call.limit.map(|limit| since + limit);
                let stall = (self.calls.len() > 1 && !self.asked).then(|| since + STALL);
                let soonest = [limit, stall].into_iter().flatten().min()?;
                Some(self.again.map_or(soonest, |again| soonest.max(again)))
            }),
        };
        let pulse = (!self.calls.is_empty()).then(|| self.seen.max(self.progress) + PULSE);
        [dooms, own, pulse].into_iter().flatten().min()
    }

    pub(super) fn kill(&mut self) {
        self.killed = true;
        // One that has ended already cannot be killed, and need not be.
        let _ = self.child.kill();
    }

    /// Is it time to see whether it lives?
    pub(super) fn may_have_ended(&self, now: Instant) -> bool {
        self.gone.is_some()
            || self.killed
            || (!self.calls.is_empty() && now >= self.seen.max(self.progress) + PULSE)
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self, now: Instant) -> Option<ExitStatus> {
        self.seen = now;
        let status = self.child.try_wait().ok().flatten();
        if status.is_none() && self.gone.is_some_and(|gone| now >= gone + END) {
            // It closed its channel and lives: of no use any more.
            let _ = self.child.kill();
        }
        status
    }

    /// The call that it died of: the one it was at, unless it was killed from here.
    pub(super) fn culprit(&self) -> Option<u64> {
        match self.killed {
            true => None,
            false => Some(self.page.get()).filter(|id| *id != 0),
        }
    }

    /// Its end was not asked for.
    pub(super) fn is_lost(&self) -> bool {
        !self.killed
    }

    /// Lets it leave: it is not sent anything any more.
    pub(super) fn let_go(&mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }

    /// Kills it and waits for its end.
    pub(super) fn bury(&mut self) -> io::Result<ExitStatus> {
        let _ = self.child.kill();
        self.child.wait()
    }
}

impl Sent {
    fn time_out(&self, worker: usize, began: Instant, now: Instant) {
        if let Some(limit) = self.call.limit {
            let refused = RefusedKind::AttemptTimeout { limit };
            self.answer(Err(refused.into()), worker, began, now);
        }
    }

    /// When the worker, which last answered at `progress`, began with it: an async one at once, another one when it was done with
    /// the call before.
    pub(super) fn began(&self, waiting: Waiting, progress: Instant) -> Instant {
        match waiting {
            Waiting::Async => self.at,
            Waiting::Blocking => self.at.max(progress),
        }
    }

    /// Tells the caller what came of it, where the worker began with it then.
    pub(super) fn answer(
        &self,
        outcome: Result<Vec<u8>, Refused>,
        worker: usize,
        began: Instant,
        now: Instant,
    ) {
        self.call.answer.set(Ok(Executed {
            outcome,
            worker,
            waited: began.saturating_duration_since(self.call.handed_in),
            elapsed: now.saturating_duration_since(began),
        }));
    }

    /// Does anybody still wait for it?
    pub(super) fn is_wanted(&self) -> bool {
        self.doom.is_none()
    }
}
