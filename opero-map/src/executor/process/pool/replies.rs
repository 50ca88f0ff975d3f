//! Receives the replies of workers.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_core::{Codec, EventCounts, Rejected, RejectedKind};

use super::arguments::Arguments;
use super::call::Call;
use super::worker_handle::WorkerHandle;
use super::worker_handle::sent_call::SentCall;
use crate::executor::process::ipc::wire::{Kind, Panicked};

/// What was received of a worker at once.
#[derive(Default)]
pub(super) struct Received {
    /// Calls that were answered, or given back after they were cancelled.
    pub(super) settled: usize,
    /// Of those, how many it ran.
    pub(super) ran: usize,
    /// How long these took it.
    pub(super) took: Duration,
    /// Calls that it gives back, in their order.
    pub(super) returned: Vec<Call>,
    /// It is ready for calls.
    pub(super) ready: bool,
}

impl WorkerHandle {
    /// Receives all replies that have arrived.
    pub(super) fn receive(&mut self, now: Instant) -> Received {
        let mut received = Received::default();
        if self.is_channel_closed() && self.kill_reason().is_some() {
            // The rest may not be its own replies.
            return received;
        }
        let before = self.last_progress;
        loop {
            match self.decoder.read(&mut self.socket) {
                Ok(0) => self.on_channel_closed(now),
                Ok(_) => {
                    if self.take_frames(now, &mut received).is_err() {
                        // Code in the worker writes to its channel. What follows cannot be trusted.
                        self.start_error = Some(FOREIGN.to_owned());
                        let reason = FOREIGN.to_owned();
                        self.kill_unexplained(RejectedKind::Transfer { reason });
                        self.on_channel_closed(now);
                        break;
                    }
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => self.on_channel_closed(now),
            }
            break;
        }
        if received.settled > 0 {
            received.took = now.saturating_duration_since(before);
            self.on_reply(now);
        } else if !received.returned.is_empty() && self.calls.is_empty() {
            // It had begun none of them, so it is idle.
            self.on_reply(now);
        }
        received
    }

    /// Takes the frames that have arrived. A worker replies once to each call that it has begun:
    /// anything else is an error.
    fn take_frames(&mut self, now: Instant, received: &mut Received) -> io::Result<()> {
        // The worker sets it before it begins a call, so it is not older than what was read.
        let begun = self.begun();
        loop {
            // Copied out where it is kept: a frame borrows from the worker.
            let Some(frame) = self.decoder.next()? else {
                return Ok(());
            };
            let id = frame.id;
            let result = match frame.kind {
                Kind::Ready => {
                    self.ready = true;
                    self.last_progress = now;
                    received.ready = true;
                    continue;
                }
                Kind::Preparing => {
                    self.preparing = true;
                    continue;
                }
                Kind::StartFailed => {
                    self.start_error = Some(String::from_utf8_lossy(&frame.payload).into_owned());
                    continue;
                }
                Kind::Resident => {
                    self.resident = id;
                    continue;
                }
                Kind::Counts => {
                    let counts = self.calls.iter_mut().find(|sent| sent.serial == id);
                    let counts = counts.filter(|_| id <= begun).map(|sent| &mut sent.counts);
                    let said = Codec::<EventCounts>::postcard().decode(&frame.payload);
                    match (counts, said) {
                        (Some(unset @ None), Ok(said)) => *unset = Some(Box::new(said)),
                        _ => return Err(io::ErrorKind::InvalidData.into()),
                    }
                    continue;
                }
                Kind::Outcome => Some(Ok(frame.payload)),
                Kind::TransferFailed => Some(Err(transfer_failed(&frame.payload))),
                Kind::Panic => Some(Err(panicked(&frame.payload))),
                Kind::Returned => None,
                Kind::Hello | Kind::Call | Kind::Cancel | Kind::GiveBack => {
                    return Err(io::ErrorKind::InvalidData.into());
                }
            };
            let invalid = || io::Error::from(io::ErrorKind::InvalidData);
            let mut sent = take(&mut self.calls, id).ok_or_else(invalid)?;
            let Some(result) = result else {
                // It has not run here.
                self.assigned = self.assigned.saturating_sub(1);
                match sent.is_wanted() {
                    true => received.returned.push(sent.call),
                    false => received.settled += 1,
                }
                continue;
            };
            if id > begun {
                self.calls.push_front(sent);
                return Err(invalid());
            }
            received.settled += 1;
            received.ran += 1;
            self.has_answered = true;
            let result = result.map(|outcome| match outcome {
                Cow::Owned(bytes) => bytes,
                Cow::Borrowed(bytes) => sent.call.arguments.replace(bytes),
            });
            sent.answer(
                result,
                self.index,
                sent.began(self.waiting, self.last_progress),
                now,
            );
            // Sent, and not to be sent again.
            if let Arguments::Large(arguments) = sent.call.arguments
                && let Ok(arguments) = Arc::try_unwrap(arguments)
            {
                self.buffers.give(arguments);
            }
        }
    }
}

/// Why a worker is killed whose channel brings anything but its replies.
const FOREIGN: &str = "what came from the worker is no reply of its own: code in it writes to a file descriptor that is not its \
                       own, such as one that was closed before";

/// Removes a call of a worker. `None`: the worker does not have it.
fn take(calls: &mut VecDeque<SentCall>, serial: u64) -> Option<SentCall> {
    let place = calls.binary_search_by_key(&serial, |sent| sent.serial);
    calls.remove(place.ok()?)
}

fn transfer_failed(reason: &[u8]) -> Rejected {
    let reason = String::from_utf8_lossy(reason).into_owned();
    RejectedKind::Transfer { reason }.into()
}

fn panicked(payload: &[u8]) -> Rejected {
    let panicked = Codec::<Panicked>::postcard().decode(payload);
    let (message, location) = match panicked {
        Ok(Panicked { message, location }) => (message, location),
        Err(_) => ("with a message that did not arrive".to_owned(), None),
    };
    RejectedKind::Panic { message, location }.into()
}

#[cfg(test)]
mod tests {
    use super::super::call::Reply;
    use super::super::call::ReplySlot;
    use super::super::spawn::SpawnedWorker;
    use super::*;
    use crate::executor::process::ipc::current_call::CurrentCall;
    use crate::executor::process::ipc::wire::FrameKey;
    use opero_core::WaitMode;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    /// A worker with three calls, numbered from 1, whose channel ends in the hands of the test.
    fn worker(waiting: WaitMode) -> (WorkerHandle, UnixStream, CurrentCall, [Arc<ReplySlot>; 3]) {
        let (started, theirs) = SpawnedWorker::sleeping();
        let shared = CurrentCall::from_fd(started.current_call.fd().try_clone_to_owned().unwrap());
        let now = Instant::now();
        let mut worker = WorkerHandle::new(0, started, waiting, Arc::default(), now);
        let answers: [Arc<ReplySlot>; 3] = Default::default();
        for (id, answer) in (100..).zip(&answers) {
            let call = Call {
                id,
                arguments: Vec::new().into(),
                limit: None,
                submitted_at: now,
                reply: Reply::new(answer),
                unexplained_crashes: 0,
            };
            worker.assign(call, now);
        }
        (worker, theirs, shared, answers)
    }

    fn say(mut channel: &UnixStream, calls: &[u64]) {
        let mut bytes = Vec::new();
        for call in calls {
            FrameKey::default().append(&mut bytes, Kind::Outcome, *call, b"outcome");
        }
        channel.write_all(&bytes).unwrap();
    }

    /// Sends counts for these calls. Returns how many calls have some then, and whether the worker
    /// is killed for it.
    fn counted(begun: u64, calls: &[u64]) -> (usize, bool) {
        let (mut worker, mut channel, current_call, _answers) = worker(WaitMode::Blocking);
        current_call.set(begun).unwrap();
        let (mut payload, mut bytes) = (Vec::new(), Vec::new());
        opero_core::stable::append(&EventCounts::default(), &mut payload).unwrap();
        for call in calls {
            FrameKey::default().append(&mut bytes, Kind::Counts, *call, &payload);
        }
        channel.write_all(&bytes).unwrap();
        worker.receive(Instant::now());
        let counted = worker.calls.iter().filter(|sent| sent.counts.is_some());
        (counted.count(), worker.kill_reason().is_some())
    }

    #[test]
    fn a_worker_counts_for_what_it_was_given_and_has_begun_with_once() {
        assert_eq!(counted(2, &[1, 2]), (2, false));
        // Not begun.
        assert_eq!(counted(1, &[1, 2]), (1, true));
        // Twice.
        assert_eq!(counted(3, &[1, 1, 2]), (1, true));
        // Another worker's, or none's.
        assert_eq!(counted(9, &[1, 4]), (1, true));
    }

    /// Says these, and how many of the three calls are answered then.
    fn answered(waiting: WaitMode, begun: u64, calls: &[u64]) -> (usize, bool) {
        let (mut worker, channel, current_call, answers) = worker(waiting);
        current_call.set(begun).unwrap();
        say(&channel, calls);
        worker.receive(Instant::now());
        let answered = answers.iter().filter(|answer| answer.is_set()).count();
        let told = worker.kill_reason().is_some();
        assert_eq!(worker.calls.len(), 3 - answered);
        (answered, told)
    }

    #[test]
    fn a_worker_answers_what_it_was_given_and_has_begun_with_once() {
        use WaitMode::{Async, Blocking};
        assert_eq!(answered(Blocking, 2, &[1, 2]), (2, false));
        // Not begun.
        assert_eq!(answered(Blocking, 1, &[1, 2]), (1, true));
        assert_eq!(answered(Blocking, 0, &[1]), (0, true));
        // Twice.
        assert_eq!(answered(Blocking, 3, &[1, 1, 2]), (1, true));
        // Another worker's, or none's.
        assert_eq!(answered(Blocking, 9, &[1, 4]), (1, true));
        assert_eq!(answered(Blocking, 3, &[100]), (0, true));
        // All that an async one was given runs.
        assert_eq!(answered(Async, 0, &[3, 1]), (2, false));
        assert_eq!(answered(Async, 0, &[3, 3, 1]), (1, true));
        assert_eq!(answered(Async, 0, &[4]), (0, true));
    }
}
