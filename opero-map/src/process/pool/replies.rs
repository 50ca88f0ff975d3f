//! What workers say.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opero_core::{Codec, Refused, RefusedKind};

use super::super::wire::{Kind, Panicked};
use super::call::Call;
use super::worker::Worker;

/// What came of listening to a worker once.
#[derive(Default)]
pub(super) struct Heard {
    /// Calls that were answered, or given back by those who wanted them no more.
    pub(super) settled: usize,
    /// Of those, how many it ran.
    pub(super) ran: usize,
    /// How long these took it.
    pub(super) took: Duration,
    /// Calls that it gives back, in their order.
    pub(super) returned: Vec<Call>,
    /// It says that it takes calls.
    pub(super) ready: bool,
}

impl Worker {
    /// Listens until it has nothing more to say for now.
    pub(super) fn hear(&mut self, now: Instant) -> Heard {
        let mut heard = Heard::default();
        let before = self.progress;
        loop {
            match self.decoder.read(&mut self.socket) {
                Ok(0) => self.lost(now),
                Ok(_) => {
                    if self.take_frames(now, &mut heard).is_err() {
                        // What it says is not to be understood: it is of no use any more.
                        self.kill();
                    }
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => self.lost(now),
            }
            break;
        }
        if heard.settled > 0 {
            heard.took = now.saturating_duration_since(before);
            self.answered(now);
        } else if !heard.returned.is_empty() && self.calls.is_empty() {
            // It had begun none of them, so it is at nothing that would hold up others.
            self.answered(now);
        }
        heard
    }

    fn take_frames(&mut self, now: Instant, heard: &mut Heard) -> io::Result<()> {
        loop {
            // Copied out where it is kept: a frame borrows what the worker is.
            let Some(frame) = self.decoder.next()? else {
                return Ok(());
            };
            let id = frame.id;
            let result = match frame.kind {
                Kind::Ready => {
                    self.ready = true;
                    self.progress = now;
                    heard.ready = true;
                    continue;
                }
                Kind::Preparing => {
                    self.preparing = true;
                    continue;
                }
                Kind::Unfit => {
                    self.unfit = Some(String::from_utf8_lossy(&frame.payload).into_owned());
                    continue;
                }
                Kind::Resident => {
                    self.resident = id;
                    continue;
                }
                Kind::Outcome => Some(Ok(frame.payload.into_owned())),
                Kind::Untold => Some(Err(untold(&frame.payload))),
                Kind::Panic => Some(Err(panicked(&frame.payload))),
                Kind::Returned => None,
                Kind::Hello | Kind::Call | Kind::Cancel | Kind::GiveBack => {
                    return Err(io::ErrorKind::InvalidData.into());
                }
            };
            let Some(sent) = self.take(id) else { continue };
            let Some(result) = result else {
                // It has not run here.
                self.assigned = self.assigned.saturating_sub(1);
                match sent.is_wanted() {
                    true => heard.returned.push(sent.call),
                    false => heard.settled += 1,
                }
                continue;
            };
            heard.settled += 1;
            heard.ran += 1;
            sent.answer(
                result,
                self.index,
                sent.began(self.waiting, self.progress),
                now,
            );
            // Sent, and not to be sent again.
            if let Ok(arguments) = Arc::try_unwrap(sent.call.arguments) {
                self.buffers.give(arguments);
            }
        }
    }
}

fn untold(reason: &[u8]) -> Refused {
    let reason = String::from_utf8_lossy(reason).into_owned();
    RefusedKind::Transfer { reason }.into()
}

fn panicked(payload: &[u8]) -> Refused {
    let panicked = Codec::<Panicked>::postcard().decode(payload);
    let (message, location) = match panicked {
        Ok(Panicked { message, location }) => (message, location),
        Err(_) => ("with a message that did not arrive".to_owned(), None),
    };
    RefusedKind::Panic { message, location }.into()
}
