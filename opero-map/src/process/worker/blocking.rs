//! Running a synchronous function, one call after the other.

use std::io::Write;

use opero_core::{CodecError, EventCounts};

use super::super::buffers::Buffers;
use super::super::page::Page;
use super::super::wire::{Kind, MOST};
use super::counter::Counter;
use super::inbox::Inbox;
use super::panics;
use super::replies::Replies;

/// Runs until the process ends.
pub(super) fn run(
    function: fn(&[u8], &mut Vec<u8>) -> Result<(), CodecError>,
    page: &Page,
    inbox: &Inbox,
    replies: &Replies,
    counter: &Counter,
    buffers: &Buffers,
) -> ! {
    let mut outcome = Vec::new();
    loop {
        let (id, arguments) = inbox.next(|| replies.flush());
        // A worker whose calls cannot be told apart after its death is no worker.
        if page.set(id).is_err() {
            super::unfit(replies, "its page cannot be written");
        }
        outcome.clear();
        let ran = panics::catch(|| function(&arguments, &mut outcome));
        buffers.give(arguments);
        let mut counts = None;
        counter.take(&mut counts);
        let ran = ran.map(|done| done.map(|()| &outcome[..]));
        say(replies, id, counts.as_ref(), ran);
        if outcome.capacity() > KEPT {
            outcome = Vec::new();
        }
    }
}

/// Scratch space larger than this is not kept for the next call.
const KEPT: usize = 1 << 23;

/// Says what a call came to, and before that what was counted within it.
pub(super) fn say(
    replies: &Replies,
    id: u64,
    counts: Option<&EventCounts>,
    ran: Result<Result<&[u8], CodecError>, super::super::wire::Panicked>,
) {
    // What the function printed comes before the word that it has returned. Not where replies are sent: the thread that listens to
    // the parent does that too, and must not wait for whoever reads the output.
    let _ = std::io::stdout().flush();
    if let Some(counts) = counts {
        let mut bytes = Vec::new();
        // Numbers always become bytes.
        let _ = opero_core::stable::append(counts, &mut bytes);
        replies.push(Kind::Counts, id, &bytes);
    }
    match ran {
        Ok(Ok(outcome)) if outcome.len() > MOST => {
            let reason = format!(
                "the result has {} bytes, and {MOST} can pass",
                outcome.len()
            );
            replies.push(Kind::Untold, id, reason.as_bytes());
        }
        Ok(Ok(outcome)) => replies.push(Kind::Outcome, id, outcome),
        Ok(Err(error)) => replies.push(Kind::Untold, id, error.message().as_bytes()),
        Err(panicked) => {
            let mut bytes = Vec::new();
            // Two texts always become bytes.
            let _ = opero_core::stable::append(&panicked, &mut bytes);
            replies.push(Kind::Panic, id, &bytes);
        }
    }
}
