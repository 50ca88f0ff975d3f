//! A worker process, as the supervisor sees it.

pub(super) mod sent_call;
mod timeouts;

use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_core::{Rejected, RejectedKind, WaitMode};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::call::Call;
use super::config::PoolConfig;
use super::outgoing::Outgoing;
use super::spawn::SpawnedWorker;
use crate::executor::process::ipc::SHUTDOWN_GRACE;
use crate::executor::process::ipc::buffers::Buffers;
use crate::executor::process::ipc::current_call::CurrentCall;
use crate::executor::process::ipc::wire::{Decoder, Kind};
use sent_call::SentCall;

/// How long a worker may take to stop a cancelled call before it is killed.
const CANCEL_GRACE: Duration = Duration::from_millis(50);

/// The interval of checks where no event is to come.
const RECHECK_INTERVAL: Duration = Duration::from_millis(2);

/// How long a process may take to exit after its channel closed, beside the grace of a shutdown.
pub(super) const EXIT_GRACE: Duration = Duration::from_millis(100);

pub(super) struct WorkerHandle {
    pub(super) index: usize,
    child: Child,
    pub(super) socket: UnixStream,
    pub(super) decoder: Decoder,
    pub(super) outgoing: Outgoing,
    /// The large buffers of calls and outcomes.
    pub(super) buffers: Arc<Buffers>,
    current_call: CurrentCall,
    pub(super) waiting: WaitMode,
    /// The calls that it has not answered, in the order of sending.
    pub(super) calls: VecDeque<SentCall>,
    /// The number of the last call that was sent.
    serial: u64,
    pub(super) started: Instant,
    /// It runs `worker_init`, which has no time limit.
    pub(super) preparing: bool,
    pub(super) ready: bool,
    /// When it last replied, or got a call while it had none.
    pub(super) last_progress: Instant,
    /// When bytes were last sent to it.
    last_sent: Instant,
    /// It was asked to give back calls that it has not begun, and has not replied since.
    give_back_asked: bool,
    /// It is not checked before, where a check changed nothing.
    recheck_at: Option<Instant>,
    /// Since when its first call is over its limit without a reply, and its current call then.
    unresponsive_since: Option<(Instant, u64)>,
    /// The call that an async worker was polling at the last check.
    polled: u64,
    /// An async worker was seen idle: its silence is no stall until then.
    quiet_until: Option<Instant>,
    pub(super) assigned: u64,
    pub(super) resident: u64,
    /// When it was last seen alive.
    last_seen: Instant,
    /// When its channel ended.
    channel_closed: Option<Instant>,
    /// The parent killed it.
    killed: bool,
    /// It was killed for an unknown call of its own. If it had only one, this is that call's
    /// result.
    kill_reason: Option<Rejected>,
    /// Its process was waited for.
    reaped: bool,
    /// It has answered a call.
    pub(super) has_answered: bool,
    /// It has one call and gets no other: an isolated retry.
    isolated: bool,
    /// It shuts down.
    shutting_down: bool,
    /// Why it could not start, in its own words.
    pub(super) start_error: Option<String>,
}

/// How a process exited, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ExitInfo {
    pub(super) signal: Option<i32>,
    pub(super) code: Option<i32>,
}

impl ExitInfo {
    fn of(status: ExitStatus) -> Self {
        Self {
            signal: status.signal(),
            code: status.code(),
        }
    }
}

impl WorkerHandle {
    pub(super) fn new(
        index: usize,
        started: SpawnedWorker,
        waiting: WaitMode,
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
            current_call: started.current_call,
            waiting,
            calls: VecDeque::new(),
            serial: 0,
            has_answered: false,
            started: now,
            preparing: false,
            ready: false,
            last_progress: now,
            last_sent: now,
            give_back_asked: false,
            recheck_at: None,
            unresponsive_since: None,
            polled: 0,
            quiet_until: None,
            assigned: 0,
            resident: 0,
            last_seen: now,
            channel_closed: None,
            killed: false,
            kill_reason: None,
            reaped: false,
            isolated: false,
            shutting_down: false,
            start_error: None,
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn is_channel_closed(&self) -> bool {
        self.channel_closed.is_some()
    }

    /// Returns how many calls it has, if it can take more.
    pub(super) fn load(&self) -> Option<usize> {
        let alone = self.isolated && !self.calls.is_empty();
        (self.ready
            && self.channel_closed.is_none()
            && !self.killed
            && !self.give_back_asked
            && !alone)
            .then_some(self.calls.len())
    }

    /// Returns `true` if it must be recycled: then it gets no more calls.
    pub(super) fn needs_recycling(&self, config: &PoolConfig) -> bool {
        config
            .recycle_after
            .is_some_and(|most| self.assigned >= most)
            || config
                .recycle_above
                .is_some_and(|most| self.resident > most)
    }

    /// Assigns an isolated retry.
    pub(super) fn assign_alone(&mut self, call: Call, now: Instant) {
        self.assign(call, now);
        self.isolated = true;
    }

    pub(super) fn assign(&mut self, call: Call, now: Instant) {
        self.isolated = false;
        if self.calls.is_empty() {
            self.last_progress = now;
        }
        self.serial += 1;
        self.outgoing.push(Kind::Call, self.serial, &call.arguments);
        self.assigned += 1;
        self.calls.push_back(SentCall {
            serial: self.serial,
            call,
            at: now,
            sent_at: None,
            counts: None,
            kill_at: None,
        });
    }

    /// Sends what the channel takes.
    pub(super) fn send(&mut self, now: Instant) {
        if self.channel_closed.is_some() {
            return;
        }
        match self.outgoing.send(&self.socket) {
            Ok(true) => self.last_sent = now,
            Ok(false) => {}
            Err(_) => self.on_channel_closed(now),
        }
        if self.outgoing.is_empty() {
            let on_the_way = self.calls.iter_mut().rev();
            for sent in on_the_way.take_while(|sent| sent.sent_at.is_none()) {
                sent.sent_at = Some(now);
            }
        }
    }

    /// Notes that its channel is closed.
    pub(super) fn on_channel_closed(&mut self, now: Instant) {
        self.channel_closed.get_or_insert(now);
    }

    /// Returns the number of the last call that it has begun. An async worker begins all at once.
    pub(super) fn begun(&self) -> u64 {
        match self.waiting {
            WaitMode::Async => self.serial,
            WaitMode::Blocking => self.current_call.get(),
        }
    }

    /// Notes that it replied.
    pub(super) fn on_reply(&mut self, now: Instant) {
        self.last_progress = now;
        self.give_back_asked = false;
        self.recheck_at = None;
        self.unresponsive_since = None;
        self.quiet_until = None;
    }

    /// Cancels a call. Returns `true` if this worker has it.
    pub(super) fn cancel(&mut self, id: u64, now: Instant) -> bool {
        let Some(sent) = self.calls.iter_mut().find(|sent| sent.call.id == id) else {
            return false;
        };
        if sent.kill_at.is_none() {
            let serial = sent.serial;
            if self.waiting == WaitMode::Blocking && self.current_call.get() == serial {
                // Only a kill stops it, unless its reply is on its way.
                sent.kill_at = Some(now + RECHECK_INTERVAL);
            } else {
                sent.kill_at = Some(now + CANCEL_GRACE);
                self.outgoing.word(Kind::Cancel, serial);
            }
        }
        true
    }

    /// Asks it to give back calls that it has not begun, for an idle worker. Returns `true` if it
    /// has any.
    pub(super) fn ask_to_give_back(&mut self) -> bool {
        let has_more = self.waiting == WaitMode::Blocking && self.calls.len() > 1;
        if has_more && self.load().is_some() {
            self.outgoing.word(Kind::GiveBack, 0);
            self.give_back_asked = true;
        }
        has_more
    }

    /// Kills it for a call that is charged with it.
    pub(super) fn kill(&mut self) {
        self.killed = true;
        self.kill_group();
    }

    /// Kills it for an unknown call. As after an unexplained crash, each of its calls is retried
    /// alone, and one that gets a worker killed again results in `kill_reason`.
    pub(super) fn kill_unexplained(&mut self, kill_reason: RejectedKind) {
        self.kill_reason.get_or_insert(kill_reason.into());
        self.kill();
    }

    /// Returns the result of its call if it was killed for an unknown one.
    pub(super) fn kill_reason(&self) -> Option<&Rejected> {
        self.kill_reason.as_ref()
    }

    /// Kills it and its children, which are in its process group.
    fn kill_group(&mut self) {
        if let Some(pid) = self.raw_pid() {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.child.kill();
    }

    /// Returns `true` if it may have exited.
    pub(super) fn may_have_exited(&self, now: Instant) -> bool {
        self.channel_closed.is_some()
            || self.killed
            || (!self.calls.is_empty()
                && now >= self.last_seen.max(self.last_progress) + timeouts::LIVENESS_INTERVAL)
    }

    /// Reaps it, if it has exited.
    pub(super) fn reap(&mut self, now: Instant) -> Option<ExitInfo> {
        self.last_seen = now;
        if self.has_exited() {
            // Its children end with it. Its process id is not reused before it is waited for.
            self.kill_group();
            let status = self.child.try_wait();
            self.reaped = true;
            // Other code may have waited for it, or `SIGCHLD` is ignored.
            return Some(
                status
                    .ok()
                    .flatten()
                    .map_or_else(ExitInfo::default, ExitInfo::of),
            );
        }
        let time = if self.shutting_down {
            SHUTDOWN_GRACE + EXIT_GRACE
        } else {
            EXIT_GRACE
        };
        if self.channel_closed.is_some_and(|gone| now >= gone + time) {
            // It closed its channel and still runs.
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

    /// Returns the call that crashed it: its current one, or its only one, unless the parent killed
    /// it for one.
    pub(super) fn crashed_call(&self) -> Option<u64> {
        let only = || self.calls.front().filter(|_| self.isolated);
        let only = || only().map(|sent| sent.serial);
        if self.killed {
            return self.kill_reason.as_ref().and_then(|_| only());
        }
        let current_call = self.current_call.get();
        let had = |serial: &u64| self.calls.iter().any(|sent| sent.serial == *serial);
        Some(current_call).filter(had).or_else(only)
    }

    /// Returns `true` if the exit was unexpected, and no call has been charged with it yet.
    pub(super) fn is_crash(&self) -> bool {
        !self.killed || self.kill_reason.is_some()
    }

    /// Asks it to exit, by closing the channel.
    pub(super) fn shut_down(&mut self) {
        self.shutting_down = true;
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
    }
}

/// No process of the run is left, nor a child of one.
impl Drop for WorkerHandle {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill_group();
            // Other code may have waited for it.
            let _ = self.child.wait();
        }
    }
}
