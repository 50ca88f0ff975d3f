//! One worker process, as the foreman sees it.

mod watch;

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_core::{Executed, Refused, Waiting};
use rustix::process::{Pid, Signal, kill_process_group};

use super::super::LEAVE;
use super::super::buffers::Buffers;
use super::super::page::Page;
use super::super::wire::{Decoder, Kind};
use super::call::Call;
use super::crew::Hiring;
use super::outgoing::Outgoing;
use super::start::Started;

/// How long a worker may take to stop a call that nobody waits for, before it is killed.
const GRACE: Duration = Duration::from_millis(50);

/// How long after the end of its channel a process may take to end, beside what one that may leave has for it.
pub(super) const END: Duration = Duration::from_millis(100);

pub(super) struct Worker {
    pub(super) index: usize,
    child: Child,
    pub(super) socket: UnixStream,
    pub(super) decoder: Decoder,
    pub(super) outgoing: Outgoing,
    /// Where large payloads are, those of calls and those of outcomes.
    pub(super) buffers: Arc<Buffers>,
    page: Page,
    pub(super) waiting: Waiting,
    /// What it has and has not answered, in the order in which it was sent.
    pub(super) calls: VecDeque<Sent>,
    pub(super) started: Instant,
    /// It does what its user wants done before the first item: that has the time it takes.
    pub(super) preparing: bool,
    pub(super) ready: bool,
    /// When it last answered, or got a call while it had none.
    pub(super) progress: Instant,
    /// When the last bytes went to it.
    moved: Instant,
    /// It was asked to give back what it has not begun, and has not answered since.
    asked: bool,
    /// Not to be looked at before, where looking changed nothing.
    again: Option<Instant>,
    /// Since when its first call is late and it does not say what became of it.
    mute: Option<Instant>,
    /// The call that an async worker was polling when it was looked at last.
    polled: u64,
    /// An async worker was seen to poll nothing: its silence means nothing until then.
    calm: Option<Instant>,
    pub(super) assigned: u64,
    pub(super) resident: u64,
    /// When it was last seen alive.
    seen: Instant,
    /// When its channel ended.
    gone: Option<Instant>,
    /// It was killed from here.
    killed: bool,
    /// It has one call and gets no other beside it: a call that a worker may have died of.
    alone: bool,
    /// It may leave, in its own time.
    let_go: bool,
    /// Why it cannot work, in its own words.
    pub(super) unfit: Option<String>,
}

/// How a process ended, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ending {
    pub(super) signal: Option<i32>,
    pub(super) code: Option<i32>,
}

impl Ending {
    fn of(status: ExitStatus) -> Self {
        Self {
            signal: status.signal(),
            code: status.code(),
        }
    }
}

/// A call that a worker has.
pub(super) struct Sent {
    pub(super) call: Call,
    pub(super) at: Instant,
    /// When the last of its bytes had gone.
    out: Option<Instant>,
    /// Its caller has its answer or does not want one; the worker has until then to let go of it.
    doom: Option<Instant>,
}

impl Worker {
    pub(super) fn new(
        index: usize,
        started: Started,
        waiting: Waiting,
        buffers: Arc<Buffers>,
        now: Instant,
    ) -> Self {
        Self {
            index,
            child: started.child,
            socket: started.socket,
            decoder: Decoder::with(Arc::clone(&buffers)),
            buffers,
            outgoing: Outgoing::default(),
            page: started.page,
            waiting,
            calls: VecDeque::new(),
            started: now,
            preparing: false,
            ready: false,
            progress: now,
            moved: now,
            asked: false,
            again: None,
            mute: None,
            polled: 0,
            calm: None,
            assigned: 0,
            resident: 0,
            seen: now,
            gone: None,
            killed: false,
            alone: false,
            let_go: false,
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
        let alone = self.alone && !self.calls.is_empty();
        (self.ready && self.gone.is_none() && !self.killed && !self.asked && !alone)
            .then_some(self.calls.len())
    }

    /// Has it done its share? Then it gets no more, and is replaced.
    pub(super) fn is_done(&self, hiring: &Hiring) -> bool {
        hiring
            .recycle_after
            .is_some_and(|most| self.assigned >= most)
            || hiring
                .recycle_above
                .is_some_and(|most| self.resident > most)
    }

    /// Gives it a call, and no other beside it.
    pub(super) fn assign_alone(&mut self, call: Call, now: Instant) {
        self.assign(call, now);
        self.alone = true;
    }

    pub(super) fn assign(&mut self, call: Call, now: Instant) {
        self.alone = false;
        if self.calls.is_empty() {
            self.progress = now;
        }
        self.outgoing.push(Kind::Call, call.id, &call.arguments);
        self.assigned += 1;
        self.calls.push_back(Sent {
            call,
            at: now,
            out: None,
            doom: None,
        });
    }

    /// Sends what there is to send.
    pub(super) fn send(&mut self, now: Instant) {
        if self.gone.is_some() {
            return;
        }
        match self.outgoing.send(&self.socket) {
            Ok(true) => self.moved = now,
            Ok(false) => {}
            Err(_) => self.lost(now),
        }
        if self.outgoing.is_empty() {
            let on_the_way = self.calls.iter_mut().rev();
            for sent in on_the_way.take_while(|sent| sent.out.is_none()) {
                sent.out = Some(now);
            }
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
        self.mute = None;
        self.calm = None;
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

    pub(super) fn kill(&mut self) {
        self.killed = true;
        self.kill_group();
    }

    /// Kills it and what it has started: it leads a group of its own. One that has ended already cannot be killed, and need not
    /// be.
    fn kill_group(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.child.kill();
    }

    /// Is it time to see whether it lives?
    pub(super) fn may_have_ended(&self, now: Instant) -> bool {
        self.gone.is_some()
            || self.killed
            || (!self.calls.is_empty() && now >= self.seen.max(self.progress) + watch::PULSE)
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self, now: Instant) -> Option<Ending> {
        self.seen = now;
        let ending = match self.child.try_wait() {
            Ok(status) => status.map(Ending::of),
            // Somebody else has waited for it, or this program lets nobody wait (`SIGCHLD` ignored).
            Err(_) => Some(Ending::default()),
        };
        let time = if self.let_go { LEAVE + END } else { END };
        if ending.is_none() && self.gone.is_some_and(|gone| now >= gone + time) {
            // It closed its channel and lives: of no use any more.
            self.kill_group();
        }
        if ending.is_some() && !self.let_go {
            // What it started is nobody's now. Its number is not given to others while it has a group.
            self.kill_group();
        }
        ending
    }

    /// The call that it died of: the one it was at, or the only one it had, unless it was killed from here.
    pub(super) fn culprit(&self) -> Option<u64> {
        if self.killed {
            return None;
        }
        let page = self.page.get();
        let had = |id: &u64| self.calls.iter().any(|sent| sent.call.id == *id);
        let only = || self.calls.front().filter(|_| self.alone);
        Some(page)
            .filter(had)
            .or_else(|| only().map(|sent| sent.call.id))
    }

    /// Its end was not asked for.
    pub(super) fn is_lost(&self) -> bool {
        !self.killed
    }

    /// Lets it leave: it is not sent anything any more.
    pub(super) fn let_go(&mut self) {
        self.let_go = true;
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }

    /// Kills it and waits for its end.
    pub(super) fn bury(&mut self) -> io::Result<ExitStatus> {
        self.kill_group();
        self.child.wait()
    }
}

impl Sent {
    fn time_out(&self, worker: usize, began: Instant, now: Instant) {
        if let Some(limit) = self.call.limit {
            self.answer(Err(limit.refusal().into()), worker, began, now);
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

    /// Has it had its time, and was not told so yet?
    fn is_late(&self, now: Instant) -> bool {
        let limit = self.call.limit.map(|limit| self.at + limit.after);
        self.doom.is_none() && limit.is_some_and(|limit| now >= limit)
    }

    /// Does anybody still wait for it?
    pub(super) fn is_wanted(&self) -> bool {
        self.doom.is_none()
    }
}
