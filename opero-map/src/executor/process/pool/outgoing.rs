//! Sends bytes to a worker without waiting for it to read.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustix::net::SendAncillaryBuffer;

use super::arguments::Arguments;
use crate::executor::process::ipc::socket;
use crate::executor::process::ipc::wire::{FrameKey, Kind};

/// Small frames are put together into chunks of about this size; larger payloads are chunks of
/// their own, not copied.
const CHUNK_BYTES: usize = 1 << 15;

/// Chunks handed to the system in one call.
const MAX_CHUNKS_PER_SEND: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Outgoing {
    chunks: VecDeque<Chunk>,
    /// How much of the first chunk has been sent.
    sent: usize,
    key: FrameKey,
}

#[derive(Debug)]
enum Chunk {
    Frames(Vec<u8>),
    Payload(Arc<Vec<u8>>),
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Frames(bytes) => bytes,
            Self::Payload(bytes) => bytes,
        }
    }
}

impl Outgoing {
    pub(super) fn with(key: FrameKey) -> Self {
        Self {
            key,
            ..Self::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(super) fn push(&mut self, kind: Kind, id: u64, payload: &Arguments) {
        let payload = match payload {
            Arguments::Small(payload) => return self.small(kind, id, payload),
            Arguments::Large(payload) => payload,
        };
        let header = self.key.header(kind, id, payload.len());
        self.chunks.push_back(Chunk::Frames(header.to_vec()));
        self.chunks.push_back(Chunk::Payload(Arc::clone(payload)));
    }

    /// Pushes a frame without a payload.
    pub(super) fn word(&mut self, kind: Kind, id: u64) {
        self.small(kind, id, &[]);
    }

    fn small(&mut self, kind: Kind, id: u64, payload: &[u8]) {
        let key = self.key;
        match self.chunks.back_mut() {
            Some(Chunk::Frames(last)) if last.len() < CHUNK_BYTES => {
                key.append(last, kind, id, payload)
            }
            _ => {
                let mut chunk = Vec::with_capacity(CHUNK_BYTES / 8);
                key.append(&mut chunk, kind, id, payload);
                self.chunks.push_back(Chunk::Frames(chunk));
            }
        }
    }

    /// Sends as much as goes without waiting. Returns `true` if any went.
    ///
    /// # Errors
    /// Where the other side is gone.
    pub(super) fn send(&mut self, to: &UnixStream) -> io::Result<bool> {
        let mut moved = false;
        while !self.chunks.is_empty() {
            let mut slices: Vec<_> = self
                .chunks
                .iter()
                .take(MAX_CHUNKS_PER_SEND)
                .map(|chunk| IoSlice::new(chunk.bytes()))
                .collect();
            if let (Some(first), Some(chunk)) = (slices.first_mut(), self.chunks.front()) {
                *first = IoSlice::new(&chunk.bytes()[self.sent..]);
            }
            match socket::send(to, &slices, &mut SendAncillaryBuffer::default()) {
                Ok(count) => {
                    self.forget(count);
                    moved = true;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(moved),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(moved)
    }

    fn forget(&mut self, mut count: usize) {
        while let Some(first) = self.chunks.front() {
            let left = first.bytes().len() - self.sent;
            if count < left {
                self.sent += count;
                return;
            }
            count -= left;
            self.sent = 0;
            self.chunks.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::process::ipc::wire::Decoder;
    use proptest::prelude::*;
    use std::io::Read;

    /// Both ends of a channel that holds little and never waits.
    fn narrow() -> (UnixStream, UnixStream) {
        let (ours, theirs) = socket::pair().unwrap();
        rustix::net::sockopt::set_socket_send_buffer_size(&ours, 1).unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        (ours, theirs)
    }

    proptest! {
        #[test]
        fn what_is_pushed_is_sent_whole_and_in_order(
            sizes in prop::collection::vec(0_usize..40_000, 1..12),
            gulp in 1_usize..30_000,
        ) {
            let mut outgoing = Outgoing::default();
            for (id, size) in sizes.iter().enumerate() {
                outgoing.push(Kind::Call, id as u64, &vec![7; *size].into());
            }
            let (ours, theirs) = narrow();
            let mut decoder = Decoder::default();
            let mut seen = Vec::new();
            loop {
                outgoing.send(&ours).unwrap();
                let all = outgoing.is_empty();
                match decoder.read(&mut (&theirs).take(gulp as u64)) {
                    Ok(_) => {}
                    Err(error) => {
                        prop_assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                        prop_assert!(all, "nothing came, and there is more");
                        break;
                    }
                }
                while let Some(frame) = decoder.next().unwrap() {
                    prop_assert_eq!(frame.id, seen.len() as u64);
                    seen.push(frame.payload.len());
                }
            }
            prop_assert_eq!(seen, sizes);
        }
    }
}
