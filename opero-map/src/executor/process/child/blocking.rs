//! Runs a synchronous function, one call after the other.

use std::io::Write;

use opero_core::{CodecError, EventCounts};

use super::counter::Counter;
use super::inbox::Inbox;
use super::panics;
use super::replies::Replies;
use crate::executor::process::ipc::buffers::Buffers;
use crate::executor::process::ipc::current_call::CurrentCall;
use crate::executor::process::ipc::wire::{Kind, MAX_PAYLOAD_BYTES};

/// Runs until the process ends.
pub(super) fn run(
    function: fn(&[u8], &mut Vec<u8>) -> Result<(), CodecError>,
    current_call: &CurrentCall,
    inbox: &Inbox,
    replies: &Replies,
    counter: &Counter,
    buffers: &Buffers,
) -> ! {
    let mut outcome = Vec::new();
    loop {
        let (id, arguments) = inbox.next(|| replies.flush());
        // Without it a crash could not be charged to its call.
        if current_call.set(id).is_err() {
            super::fail_start(replies, "its current_call cannot be written");
        }
        outcome.clear();
        let ran = panics::catch(|| function(&arguments, &mut outcome));
        buffers.give(arguments);
        let mut counts = None;
        counter.take(&mut counts);
        let ran = ran.map(|done| done.map(|()| &outcome[..]));
        reply(replies, id, counts.as_ref(), ran);
        if outcome.capacity() > MAX_SCRATCH_BYTES {
            outcome = Vec::new();
        }
    }
}

/// Scratch space larger than this is not kept for the next call.
const MAX_SCRATCH_BYTES: usize = 1 << 23;

/// Sends the outcome of a call, and before it the events counted within it.
pub(super) fn reply(
    replies: &Replies,
    id: u64,
    counts: Option<&EventCounts>,
    ran: Result<Result<&[u8], CodecError>, crate::executor::process::ipc::wire::Panicked>,
) {
    // The function's output precedes its reply. It is not flushed where replies are sent: the
    // thread that listens to the parent sends, too, and must not wait for a reader of the output.
    let _ = std::io::stdout().flush();
    if let Some(counts) = counts {
        let mut bytes = Vec::new();
        // Numbers always become bytes.
        let _ = opero_core::stable::append(counts, &mut bytes);
        replies.push(Kind::Counts, id, &bytes);
    }
    match ran {
        Ok(Ok(outcome)) if outcome.len() > MAX_PAYLOAD_BYTES => {
            let reason = format!(
                "the result has {} bytes, and {MAX_PAYLOAD_BYTES} can pass",
                outcome.len()
            );
            replies.push(Kind::TransferFailed, id, reason.as_bytes());
        }
        Ok(Ok(outcome)) => replies.push(Kind::Outcome, id, outcome),
        Ok(Err(error)) => replies.push(Kind::TransferFailed, id, error.message().as_bytes()),
        Err(panicked) => {
            let mut bytes = Vec::new();
            // Two texts always become bytes.
            let _ = opero_core::stable::append(&panicked, &mut bytes);
            replies.push(Kind::Panic, id, &bytes);
        }
    }
}
