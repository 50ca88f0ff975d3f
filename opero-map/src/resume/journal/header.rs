//! Whose journal a file is.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic |
//! | 4 | format |
//! | 8 | checksum: XXH3 of all that follows, seeded with the format |
//! | 8 | place: where in the file this is |
//! | 8 | salt: random, in the checksums of all frames |
//! | 8 | shape: what values and errors look like |
//! | 4, 4, 4 | lengths of function, version and types |
//! | | function, version, types |
//!
//! Numbers are little-endian. There are two copies, the second one in a block of the disk of its
//! own, because without the header the records have no owner. Each copy holds its own offset, so a
//! journal inside a result is not taken for one.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::FileExt;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::error::JournalError;
use super::frame::{FORMAT, number};

/// The longest text, in bytes.
const MAX_TEXT_BYTES: usize = 1 << 16;

const MAGIC: [u8; 8] = *b"\x89OPEROJ\n";
const CHECKSUM_END: usize = 20;
const FIXED_BYTES: usize = 56;
/// The second copy is at a multiple of it.
const BLOCK_BYTES: u64 = 4096;

/// Whose records may be together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) function: String,
    pub(crate) version: String,
    /// The names of the types of values and errors: bytes of one type may read as another one's.
    /// Empty where the user named the function.
    pub(crate) types: String,
    /// What values and errors look like, within those types: see [`opero_core::stable::shape`]. 0
    /// where it is unknown.
    pub(crate) shape: u64,
}

impl Owner {
    fn texts(&self) -> [&str; 3] {
        [&self.function, &self.version, &self.types]
    }

    /// Returns `true` if a header has room for it.
    pub(super) fn fits(&self) -> bool {
        self.texts().iter().all(|text| text.len() <= MAX_TEXT_BYTES)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) owner: Owner,
    /// Distinguishes this journal's frames from those of another one that a result may hold.
    pub(super) salt: u64,
}

impl Header {
    /// Creates the header of a new journal. The owner [fits](Owner::fits).
    pub(super) fn new(owner: &Owner) -> Self {
        Self {
            owner: owner.clone(),
            salt: RandomState::new().build_hasher().finish(),
        }
    }

    /// Returns the offset of the first frame.
    pub(super) fn len(&self) -> u64 {
        self.second() + self.copy_len()
    }

    pub(super) fn copy_len(&self) -> u64 {
        let texts = self.owner.texts().map(str::len);
        (FIXED_BYTES + texts.iter().sum::<usize>()) as u64
    }

    /// Returns the offset of the second copy.
    pub(super) fn second(&self) -> u64 {
        self.copy_len().next_multiple_of(BLOCK_BYTES)
    }

    /// Returns both copies, and the zeros between them.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.copy(0);
        bytes.resize(self.second() as usize, 0);
        bytes.extend(self.copy(self.second()));
        bytes
    }

    fn copy(&self, place: u64) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend([0; 8]);
        for number in [place, self.salt, self.owner.shape] {
            bytes.extend(number.to_le_bytes());
        }
        let texts = self.owner.texts();
        for text in texts {
            bytes.extend((text.len() as u32).to_le_bytes());
        }
        for text in texts {
            bytes.extend(text.as_bytes());
        }
        let check = check(&bytes[CHECKSUM_END..]);
        bytes[CHECKSUM_END - 8..CHECKSUM_END].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// Reads the header of a file, from the first copy that is whole.
    pub(super) fn read(file: &File) -> Result<Self, JournalError> {
        let first = match read_copy(file, 0) {
            Err(JournalError::Io(error)) => return Err(error.into()),
            Err(error) => error,
            found => return found,
        };
        // How long the first one was is among what is damaged.
        let last = (FIXED_BYTES + 3 * MAX_TEXT_BYTES) as u64;
        let places =
            (BLOCK_BYTES..=last.next_multiple_of(BLOCK_BYTES)).step_by(BLOCK_BYTES as usize);
        for place in places {
            match read_copy(file, place) {
                Ok(header) => return Ok(header),
                Err(JournalError::Io(error)) => return Err(error.into()),
                Err(_) => {}
            }
        }
        Err(first)
    }

    /// Returns the range of damaged bytes of the file's header, if any.
    pub(super) fn damage(&self, file: &File) -> io::Result<Option<std::ops::Range<u64>>> {
        let expected = self.bytes();
        let mut found = vec![0; expected.len()];
        let len = read_up_to(file, &mut found, 0)?;
        let differs = |at: &usize| *at >= len || found[*at] != expected[*at];
        let first = (0..expected.len()).find(differs);
        let last = (0..expected.len()).rfind(differs);
        Ok(first
            .zip(last)
            .map(|(first, last)| first as u64..last as u64 + 1))
    }
}

/// The copy that is at `place`.
fn read_copy(file: &File, place: u64) -> Result<Header, JournalError> {
    let mut fixed = [0; FIXED_BYTES];
    let found = read_up_to(file, &mut fixed, place)?;
    let magic = found.min(MAGIC.len());
    if magic == 0 || fixed[..magic] != MAGIC[..magic] {
        return Err(JournalError::Foreign);
    }
    if found < FIXED_BYTES {
        return Err(JournalError::Damaged);
    }
    let format = u32::from_le_bytes(number(&fixed, 8));
    if format != FORMAT {
        return Err(JournalError::Format { found: format });
    }
    let lengths = [44, 48, 52].map(|at| u32::from_le_bytes(number(&fixed, at)) as usize);
    if lengths.iter().any(|&length| length > MAX_TEXT_BYTES) {
        return Err(JournalError::Damaged);
    }
    let mut bytes = fixed.to_vec();
    bytes.resize(FIXED_BYTES + lengths.iter().sum::<usize>(), 0);
    let whole = bytes.len();
    let [expected, at, salt, shape] =
        [CHECKSUM_END - 8, 20, 28, 36].map(|at| u64::from_le_bytes(number(&fixed, at)));
    let found = read_up_to(file, &mut bytes, place)?;
    if found < whole || check(&bytes[CHECKSUM_END..]) != expected || at != place {
        return Err(JournalError::Damaged);
    }
    let mut rest = &bytes[FIXED_BYTES..];
    let texts = lengths.map(|length| {
        let (text, behind) = rest.split_at(length);
        rest = behind;
        String::from_utf8(text.to_vec())
    });
    let [Ok(function), Ok(version), Ok(types)] = texts else {
        return Err(JournalError::Damaged);
    };
    let owner = Owner {
        function,
        version,
        types,
        shape,
    };
    Ok(Header { owner, salt })
}

fn check(bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, u64::from(FORMAT))
}

/// Fills `bytes` from that place of the file on, as far as it goes.
fn read_up_to(file: &File, bytes: &mut [u8], place: u64) -> io::Result<usize> {
    let mut found = 0;
    while found < bytes.len() {
        match file.read_at(&mut bytes[found..], place + found as u64) {
            Ok(0) => break,
            Ok(more) => found += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
