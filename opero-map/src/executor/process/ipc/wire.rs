//! The frames between a program and its workers: a length, a kind, a number, a check, and bytes.

use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::executor::process::ipc::buffers::Buffers;

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// To a worker, once: its function and settings.
    Hello = 1,
    /// To a worker: run the function on these arguments.
    Call,
    /// To a worker: cancel that call.
    Cancel,
    /// To a worker: send finished replies, and give back calls that are not begun.
    GiveBack,
    /// From a worker: it takes calls.
    Ready,
    /// From a worker: it cannot start, and why.
    StartFailed,
    /// From a worker: the call's outcome.
    Outcome,
    /// From a worker: the arguments could not be decoded or the outcome not encoded, and why.
    TransferFailed,
    /// From a worker: the call panicked.
    Panic,
    /// From a worker: that call was not begun, or stopped when it was cancelled.
    Returned,
    /// From a worker: how many bytes it has resident.
    Resident,
    /// From a worker: it runs `worker_init`, which may take long.
    Preparing,
    /// From a worker, before the call's outcome: the events of decorated functions within it, if
    /// any.
    Counts,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Hello,
            2 => Self::Call,
            3 => Self::Cancel,
            4 => Self::GiveBack,
            5 => Self::Ready,
            6 => Self::StartFailed,
            7 => Self::Outcome,
            8 => Self::TransferFailed,
            9 => Self::Panic,
            10 => Self::Returned,
            11 => Self::Resident,
            12 => Self::Preparing,
            13 => Self::Counts,
            _ => return None,
        })
    }
}

/// The first frame to a worker.
#[derive(Serialize, Deserialize)]
pub(crate) struct Hello {
    /// The token in the environment, which proves that the channel is the worker's own.
    pub(crate) token: String,
    pub(crate) function: String,
    pub(crate) worker: usize,
    /// What the frames that follow are checked with.
    pub(crate) key: FrameKey,
    /// The most address space it may take, in bytes.
    pub(crate) memory: Option<u64>,
    /// `true` if it reports its resident memory.
    pub(crate) resident: bool,
    /// `true` if it reports the events of decorated functions within its calls.
    pub(crate) counts: bool,
    /// `true` if a file descriptor for standard output came with this.
    pub(crate) stdout: bool,
}

/// How a call panicked.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Panicked {
    pub(crate) message: String,
    pub(crate) location: Option<String>,
}

/// Bytes before a frame's payload.
pub(crate) const HEADER_BYTES: usize = 17;

/// The most bytes in one frame. A length above it is no length.
pub(crate) const MAX_PAYLOAD_BYTES: usize = u32::MAX as usize / 2;

/// The secret of one channel. A worker runs the user's code, which can write to any descriptor: a
/// line on a stale number must not pass for a frame, and neither must a frame that the code makes
/// up for another call.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct FrameKey(u64);

impl FrameKey {
    /// Creates a random key.
    pub(crate) fn random() -> Self {
        Self(fastrand::u64(..))
    }

    /// Returns the header of a frame with a payload of that many bytes.
    pub(crate) fn header(self, kind: Kind, id: u64, payload: usize) -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        // Callers keep payloads below `MAX_PAYLOAD_BYTES`.
        let length = u32::try_from(payload).unwrap_or(u32::MAX);
        header[..4].copy_from_slice(&length.to_le_bytes());
        header[4] = kind as u8;
        header[5..13].copy_from_slice(&id.to_le_bytes());
        header[13..].copy_from_slice(&self.check(length, kind as u8, id).to_le_bytes());
        header
    }

    /// Appends a whole frame.
    pub(crate) fn append(self, out: &mut Vec<u8>, kind: Kind, id: u64, payload: &[u8]) {
        out.extend_from_slice(&self.header(kind, id, payload.len()));
        out.extend_from_slice(payload);
    }

    /// Returns the checksum of a header: two rounds of multiply and fold, in which every bit
    /// counts, for about a nanosecond.
    const fn check(self, length: u32, kind: u8, id: u64) -> u32 {
        let head = ((length as u64) << 8 | kind as u64) ^ self.0;
        let mixed = (head.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ id)
            .rotate_left(29)
            .wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
        (mixed >> 32) as u32 ^ self.0 as u32
    }
}

/// A frame that has arrived.
#[derive(Debug)]
pub(crate) struct Frame<'b> {
    pub(crate) kind: Kind,
    pub(crate) id: u64,
    pub(crate) payload: Cow<'b, [u8]>,
}

/// Frames out of a stream of bytes.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    buffer: Vec<u8>,
    /// Where the next frame begins, and where what was read ends.
    start: usize,
    end: usize,
    /// A large frame that is arriving. It is read to where it stays, not copied there.
    large: Option<Large>,
    /// Where that is.
    buffers: Arc<Buffers>,
    pub(crate) key: FrameKey,
}

#[derive(Debug)]
struct Large {
    kind: Kind,
    id: u64,
    length: usize,
    payload: Vec<u8>,
}

/// How much is read at a time.
const READ_BYTES: usize = 1 << 16;

/// Payloads from this size on are large. Twice that fits a chunk, so a small frame is whole after
/// two reads.
const LARGE_PAYLOAD_BYTES: usize = READ_BYTES / 2;

/// Room for a payload is made as it arrives, from so much on: a length may be wrong.
const MAX_INITIAL_CAPACITY: usize = 1 << 26;

impl Decoder {
    /// Takes the buffers of large payloads from there.
    pub(crate) fn with(buffers: Arc<Buffers>, key: FrameKey) -> Self {
        Self {
            buffers,
            key,
            ..Self::default()
        }
    }

    /// Reads once. Zero is the end of the stream.
    pub(crate) fn read(&mut self, from: &mut impl Read) -> io::Result<usize> {
        if let Some(large) = &mut self.large
            && large.missing() > 0
        {
            return large.read(from);
        }
        // What is left of a frame moves to the front.
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.buffer.len() < self.end + READ_BYTES {
            self.buffer.resize(self.end + READ_BYTES, 0);
        }
        let read = from.read(&mut self.buffer[self.end..])?;
        self.end += read;
        Ok(read)
    }

    /// Returns the next whole frame.
    ///
    /// # Errors
    /// What arrived is no frame.
    pub(crate) fn next(&mut self) -> io::Result<Option<Frame<'_>>> {
        if let Some(large) = self.large.take_if(|large| large.missing() == 0) {
            return Ok(Some(Frame {
                kind: large.kind,
                id: large.id,
                payload: Cow::Owned(large.payload),
            }));
        }
        if self.large.is_some() {
            return Ok(None);
        }
        let Some((length, kind, id)) = self.peek()? else {
            return Ok(None);
        };
        let begin = self.start + HEADER_BYTES;
        let there = self.end - begin;
        if there >= length {
            self.start = begin + length;
            return Ok(Some(Frame {
                kind,
                id,
                payload: Cow::Borrowed(&self.buffer[begin..begin + length]),
            }));
        }
        if length >= LARGE_PAYLOAD_BYTES {
            let mut payload = self.buffers.take();
            payload.reserve(length.min(MAX_INITIAL_CAPACITY));
            payload.extend_from_slice(&self.buffer[begin..self.end]);
            (self.start, self.end) = (0, 0);
            self.large = Some(Large {
                kind,
                id,
                length,
                payload,
            });
        }
        Ok(None)
    }

    fn peek(&self) -> io::Result<Option<(usize, Kind, u64)>> {
        let Some(header) = self.buffer[self.start..self.end].first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let [l0, l1, l2, l3, kind, id @ .., c0, c1, c2, c3] = *header;
        let (length, id) = (u32::from_le_bytes([l0, l1, l2, l3]), u64::from_le_bytes(id));
        let checked = self.key.check(length, kind, id) == u32::from_le_bytes([c0, c1, c2, c3]);
        let length = length as usize;
        match Kind::of(kind) {
            Some(kind) if checked && length <= MAX_PAYLOAD_BYTES => Ok(Some((length, kind, id))),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "it is no frame")),
        }
    }
}

impl Large {
    fn missing(&self) -> usize {
        self.length - self.payload.len()
    }

    fn read(&mut self, from: &mut impl Read) -> io::Result<usize> {
        let before = self.payload.len();
        let missing = u64::try_from(self.missing()).unwrap_or(u64::MAX);
        // Into the room that is there, without writing zeros first. What was read before an error
        // counts.
        let read = from.take(missing).read_to_end(&mut self.payload);
        match (self.payload.len() - before, read) {
            (0, Err(error)) => Err(error),
            (count, _) => Ok(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: FrameKey = FrameKey(0x1234_5678_9abc_def0);

    fn decoder() -> Decoder {
        Decoder {
            key: KEY,
            ..Decoder::default()
        }
    }

    /// Reads a few bytes at a time.
    struct Dripping<'b>(&'b [u8], usize);

    impl Read for Dripping<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(into.len());
            let (now, later) = self.0.split_at(count);
            into[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    proptest! {
        #[test]
        fn frames_arrive_whole_and_in_order_however_they_are_cut(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..20),
            drip in 1_usize..500,
        ) {
            let mut bytes = Vec::new();
            for (id, payload) in payloads.iter().enumerate() {
                KEY.append(&mut bytes, Kind::Call, id as u64, payload);
            }
            let mut from = Dripping(&bytes, drip);
            let mut decoder = decoder();
            let mut seen = Vec::new();
            loop {
                let read = decoder.read(&mut from).unwrap();
                while let Some(frame) = decoder.next().unwrap() {
                    prop_assert_eq!(frame.kind, Kind::Call);
                    prop_assert_eq!(frame.id, seen.len() as u64);
                    seen.push(frame.payload.to_vec());
                }
                if read == 0 {
                    break;
                }
            }
            prop_assert_eq!(seen, payloads);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let mut decoder = decoder();
            let mut from = &bytes[..];
            while decoder.read(&mut from).unwrap() > 0 {
                while let Ok(Some(_)) = decoder.next() {}
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_not_made_with_the_key_is_no_frame(text in prop::collection::vec(any::<u8>(), HEADER_BYTES..100), other: u64, kind in 1_u8..=13) {
            prop_assume!(other != KEY.0);
            // A line of text, and a frame of another key.
            let kind = Kind::of(kind).unwrap();
            for bytes in [&text[..], &FrameKey(other).header(kind, 7, 0)[..]] {
                let mut decoder = decoder();
                decoder.read(&mut &*bytes).unwrap();
                prop_assert!(decoder.next().is_err());
            }
        }
    }

    #[test]
    fn a_frame_larger_than_a_chunk_arrives() {
        let payload = vec![7; 3 * READ_BYTES];
        let mut bytes = Vec::new();
        KEY.append(&mut bytes, Kind::Outcome, 1, b"small");
        KEY.append(&mut bytes, Kind::Outcome, 2, &payload);
        let mut from = Dripping(&bytes, 10_000);
        let mut decoder = decoder();
        let mut sizes = Vec::new();
        while decoder.read(&mut from).unwrap() > 0 {
            while let Some(frame) = decoder.next().unwrap() {
                sizes.push(frame.payload.len());
            }
        }
        assert_eq!(sizes, [5, payload.len()]);
    }
}
