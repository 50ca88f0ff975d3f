//! One finished item in a journal.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | magic: where a frame begins, so that those behind damage are found again |
//! | 4 | checksum of the rest of the head |
//! | 8 | checksum of the body |
//! | 4, 4 | length of the body; of the error's text, which it begins with |
//! | 16 | key: the item |
//! | 8 | the item's place in the input |
//! | 8 | when it started, in milliseconds since the Unix epoch |
//! | 8 | how long it took, in nanoseconds |
//! | 4 | attempts |
//! | 4 | worker, from 1; 0 where none is known |
//! | 1 | state |
//! | | body: the error's text, and the outcome |
//!
//! Numbers are little-endian; checksums are XXH3, seeded with the journal's salt. The head has one
//! of its own so that its lengths can be trusted: damage in a body hides one record, and never
//! causes an allocation larger than the file.

use std::time::Duration;

use opero_core::{CodecError, Key};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::entry::State;

/// The format of journals that is written and read.
pub(super) const FORMAT: u32 = 2;

pub(super) const MAGIC: [u8; 4] = *b"\x8fJr\n";
pub(super) const HEAD_BYTES: usize = 73;
const CHECKSUM_END: usize = 8;

/// An error's text is for people, and the outcome has all of it.
const MAX_ERROR_TEXT_BYTES: usize = 1024;

/// What is recorded of an item beside its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordMetadata {
    /// The item: its content, and which one of several equal ones it is.
    pub(crate) key: Key,
    /// Its place in the input, from 0.
    pub(crate) index: usize,
    /// When it started, since the Unix epoch; kept to the millisecond.
    pub(crate) started: Duration,
    pub(crate) elapsed: Duration,
    pub(crate) attempts: u32,
    pub(crate) worker: Option<usize>,
    pub(crate) state: State,
}

/// The head of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) metadata: RecordMetadata,
    pub(super) body: u32,
    pub(super) text: u32,
    check: u64,
}

/// The bytes of a frame. `outcome` appends those of the outcome.
///
/// # Errors
/// Those of `outcome`, and an outcome of 4 GiB and more.
pub(super) fn frame(
    salt: u64,
    metadata: &RecordMetadata,
    text: &str,
    outcome: impl FnOnce(&mut Vec<u8>) -> Result<(), CodecError>,
) -> Result<Vec<u8>, CodecError> {
    let text = beginning(text);
    let mut bytes = Vec::with_capacity(2 * HEAD_BYTES + text.len());
    bytes.resize(HEAD_BYTES, 0);
    bytes.extend_from_slice(text.as_bytes());
    outcome(&mut bytes)?;
    let too_long = |_| CodecError::new("it is longer than 4 GiB");
    let body = u32::try_from(bytes.len() - HEAD_BYTES).map_err(too_long)?;
    let check = xxh3_64_with_seed(&bytes[HEAD_BYTES..], salt);

    let mut head = Fields(&mut bytes[..HEAD_BYTES]);
    head.put(MAGIC);
    head.put([0; 4]);
    head.put(check.to_le_bytes());
    head.put(body.to_le_bytes());
    head.put((text.len() as u32).to_le_bytes());
    head.put(metadata.key.as_u128().to_le_bytes());
    head.put((metadata.index as u64).to_le_bytes());
    head.put(whole(metadata.started.as_millis()).to_le_bytes());
    head.put(whole(metadata.elapsed.as_nanos()).to_le_bytes());
    head.put(metadata.attempts.to_le_bytes());
    let worker = metadata.worker.and_then(|w| u32::try_from(w).ok());
    head.put(
        worker
            .and_then(|w| w.checked_add(1))
            .unwrap_or(0)
            .to_le_bytes(),
    );
    head.put([metadata.state as u8]);
    let check = head_check(salt, &bytes[..HEAD_BYTES]);
    bytes[4..CHECKSUM_END].copy_from_slice(&check);
    Ok(bytes)
}

impl Head {
    /// Reads the head that these bytes begin with, if it is whole.
    pub(super) fn read(salt: u64, bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..HEAD_BYTES)?;
        if bytes[..4] != MAGIC || bytes[4..CHECKSUM_END] != head_check(salt, bytes) {
            return None;
        }
        let worker = u32::from_le_bytes(number(bytes, 68));
        let metadata = RecordMetadata {
            key: Key::stable(u128::from_le_bytes(number(bytes, 24))),
            index: usize::try_from(u64::from_le_bytes(number(bytes, 40))).ok()?,
            started: Duration::from_millis(u64::from_le_bytes(number(bytes, 48))),
            elapsed: Duration::from_nanos(u64::from_le_bytes(number(bytes, 56))),
            attempts: u32::from_le_bytes(number(bytes, 64)),
            worker: worker.checked_sub(1).map(|worker| worker as usize),
            state: State::of(bytes[72])?,
        };
        let (body, text) = (number(bytes, 16), number(bytes, 20));
        let head = Self {
            metadata,
            body: u32::from_le_bytes(body),
            text: u32::from_le_bytes(text),
            check: u64::from_le_bytes(number(bytes, 8)),
        };
        (head.text <= head.body).then_some(head)
    }

    /// Returns the length of the whole frame.
    pub(super) fn len(&self) -> u64 {
        HEAD_BYTES as u64 + u64::from(self.body)
    }

    /// Returns the error's text and the bytes of the outcome, if the body is whole.
    pub(super) fn split<'b>(&self, salt: u64, body: &'b [u8]) -> Option<(&'b str, &'b [u8])> {
        if body.len() != self.body as usize || xxh3_64_with_seed(body, salt) != self.check {
            return None;
        }
        let (text, outcome) = body.split_at_checked(self.text as usize)?;
        Some((std::str::from_utf8(text).ok()?, outcome))
    }
}

fn head_check(salt: u64, head: &[u8]) -> [u8; 4] {
    number(
        &xxh3_64_with_seed(&head[CHECKSUM_END..], salt).to_le_bytes(),
        0,
    )
}

/// The `N` bytes at `at`, which are there.
pub(super) fn number<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut number = [0; N];
    number.copy_from_slice(&bytes[at..at + N]);
    number
}

/// As much of a text as is kept.
fn beginning(text: &str) -> &str {
    let mut end = text.len().min(MAX_ERROR_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// As much of it as fits.
fn whole(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Filled from the front.
struct Fields<'b>(&'b mut [u8]);

impl Fields<'_> {
    fn put<const N: usize>(&mut self, field: [u8; N]) {
        let (front, rest) = std::mem::take(&mut self.0).split_at_mut(N);
        front.copy_from_slice(&field);
        self.0 = rest;
    }
}
