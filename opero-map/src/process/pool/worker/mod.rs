//! One worker process, as the foreman sees it.

mod watch;

use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_core::{EventCounts, Executed, Rejected, RejectedKind, Waiting};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::super::LEAVE;
use super::super::buffers::Buffers;
use super::super::page::Page;
use super::super::wire::{Decoder, Kind};
use super::call::Call;
use super::crew::Hiring;
use super::limit::Limit;
use super::outgoing::Outgoing;
use super::start::Started;

/// How long a worker may take to stop a call that nobody waits for, before it is killed.
const GRACE: Duration = Duration::from_millis(50);

/// How soon to look again at what gives no sign by itself.
const SOON: Duration = Duration::from_millis(2);

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
    /// How many calls it was sent: the number of the last one.
    serial: u64,
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
    /// Since when its first call is late and it does not say what became of it, and the call that it was at then.
    mute: Option<(Instant, u64)>,
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
    /// It was killed, and which of its calls is to blame is not known. If it had but one, that comes to this.
    blame: Option<Rejected>,
    /// Its process has been waited for.
    reaped: bool,
    /// It has answered a call.
    pub(super) served: bool,
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
    /// What worker and parent call it: the worker's calls are numbered in their order.
    pub(super) serial: u64,
    pub(super) call: Call,
    pub(super) at: Instant,
    /// When the last of its bytes had gone.
    out: Option<Instant>,
    /// What decorated functions did within it, as far as the worker has said.
    pub(super) counts: Option<Box<EventCounts>>,
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
            decoder: Decoder::with(Arc::clone(&buffers), started.key),
            buffers,
            outgoing: Outgoing::with(started.key),
            page: started.page,
            waiting,
            calls: VecDeque::new(),
            serial: 0,
            served: false,
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
            blame: None,
            reaped: false,
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
        self.serial += 1;
        self.outgoing.push(Kind::Call, self.serial, &call.arguments);
        self.assigned += 1;
        self.calls.push_back(Sent {
            serial: self.serial,
            call,
            at: now,
            out: None,
            counts: None,
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

    /// The number of the last call that it has begun with. An async worker begins with all at once.
    pub(super) fn begun(&self) -> u64 {
        match self.waiting {
            Waiting::Async => self.serial,
            Waiting::Blocking => self.page.get(),
        }
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
            let serial = sent.serial;
            if self.waiting == Waiting::Blocking && self.page.get() == serial {
                // Nothing can stop it but a kill, unless its outcome is already on its way.
                sent.doom = Some(now + SOON);
            } else {
                sent.doom = Some(now + GRACE);
                self.outgoing.word(Kind::Cancel, serial);
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

    /// Kills it for what one of its calls did, which is charged with it.
    pub(super) fn kill(&mut self) {
        self.killed = true;
        self.kill_group();
    }

    /// Kills it, and it is not known for which of its calls: as after a crash that nothing explains, each of them runs alone,
    /// and one that brings a kill about by itself comes to `blame`.
    pub(super) fn kill_unexplained(&mut self, blame: RejectedKind) {
        self.blame.get_or_insert(blame.into());
        self.kill();
    }

    /// What its calls have in common if it was killed for an unknown one.
    pub(super) fn blame(&self) -> Option<&Rejected> {
        self.blame.as_ref()
    }

    /// Kills it and what it has started: it leads a group of its own. One that has ended already cannot be killed, and need not
    /// be.
    fn kill_group(&mut self) {
        if let Some(pid) = self.raw_pid() {
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
        if self.has_exited() {
            // What it started ends with it. Its number is not given to others before it is waited for.
            self.kill_group();
            let status = self.child.try_wait();
            self.reaped = true;
            // Somebody else has waited for it, or this program lets nobody wait (`SIGCHLD` ignored).
            return Some(
                status
                    .ok()
                    .flatten()
                    .map_or_else(Ending::default, Ending::of),
            );
        }
        let time = if self.let_go { LEAVE + END } else { END };
        if self.gone.is_some_and(|gone| now >= gone + time) {
            // It closed its channel and lives: of no use any more.
            self.kill_group();
        }
        None
    }

    /// Returns `true` if it has exited and was not waited for.
    fn has_exited(&self) -> bool {
        let Some(pid) = self.raw_pid() else {
            return true;
        };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(pid), options) {
            Ok(status) => status.is_some(),
            Err(error) => error != Errno::INTR,
        }
    }

    fn raw_pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// The call that it died of: the one it was at, or the only one it had, unless it was killed for one from here.
    pub(super) fn culprit(&self) -> Option<u64> {
        let only = || self.calls.front().filter(|_| self.alone);
        let only = || only().map(|sent| sent.serial);
        if self.killed {
            return self.blame.as_ref().and_then(|_| only());
        }
        let page = self.page.get();
        let had = |serial: &u64| self.calls.iter().any(|sent| sent.serial == *serial);
        Some(page).filter(had).or_else(only)
    }

    /// Its end was not asked for, and none of its calls has been charged with it yet.
    pub(super) fn is_lost(&self) -> bool {
        !self.killed || self.blame.is_some()
    }

    /// Lets it leave: it is not sent anything any more.
    pub(super) fn let_go(&mut self) {
        self.let_go = true;
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }
}

/// Whatever becomes of the run, no process of it is left, nor what that has started.
impl Drop for Worker {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill_group();
            // One that somebody else has waited for is no reason to complain.
            let _ = self.child.wait();
        }
    }
}

impl Sent {
    fn time_out(&mut self, worker: usize, began: Instant, now: Instant) {
        if let Some(limit) = self.call.limit {
            self.answer(Err(limit.rejection().into()), worker, began, now);
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
        &mut self,
        outcome: Result<Vec<u8>, Rejected>,
        worker: usize,
        began: Instant,
        now: Instant,
    ) {
        self.call.reply.send(Ok(Executed {
            outcome,
            worker,
            waited: began.saturating_duration_since(self.call.handed_in),
            elapsed: now.saturating_duration_since(began),
            counts: self.counts.take(),
        }));
    }

    /// Has it had its time, and was not told so yet?
    fn is_late(&self, now: Instant) -> bool {
        let late = |limit: Limit| limit.is_over(self.at, now);
        self.doom.is_none() && self.call.limit.is_some_and(late)
    }

    /// Does anybody still wait for it?
    pub(super) fn is_wanted(&self) -> bool {
        self.doom.is_none()
    }
}
