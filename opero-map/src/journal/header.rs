//! Whose journal a file is.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic |
//! | 4 | format |
//! | 8 | checksum: XXH3 of all that follows, seeded with the format |
//! | 8 | salt: random, in the checksums of all frames |
//! | 4, 4 | lengths of function and version |
//! | | function, version |
//!
//! Numbers are little-endian.

use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::FileExt;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::JournalError;
use super::frame::number;

/// The format that is written and read.
pub(super) const FORMAT: u32 = 1;

/// The longest function or version, in bytes.
pub(super) const LONGEST: usize = 1 << 16;

const MAGIC: [u8; 8] = *b"\x89OPEROJ\n";
const CHECKED: usize = 20;
const FIXED: usize = 36;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) function: String,
    pub(super) version: String,
    /// Distinguishes this journal's frames from those of another one that a result may hold.
    pub(super) salt: u64,
}

impl Header {
    /// For a journal that begins. Both texts are no longer than [`LONGEST`].
    pub(super) fn new(function: &str, version: &str) -> Self {
        Self {
            function: function.to_owned(),
            version: version.to_owned(),
            salt: RandomState::new().build_hasher().finish(),
        }
    }

    /// Where the first frame is.
    pub(super) fn len(&self) -> u64 {
        (FIXED + self.function.len() + self.version.len()) as u64
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(self.salt.to_le_bytes());
        bytes.extend((self.function.len() as u32).to_le_bytes());
        bytes.extend((self.version.len() as u32).to_le_bytes());
        bytes.extend(self.function.as_bytes());
        bytes.extend(self.version.as_bytes());
        let check = check(&bytes[CHECKED..]);
        bytes[CHECKED - 8..CHECKED].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    pub(super) fn read(file: &File) -> Result<Self, JournalError> {
        let mut fixed = [0; FIXED];
        let found = read_up_to(file, &mut fixed)?;
        let magic = found.min(MAGIC.len());
        if magic == 0 || fixed[..magic] != MAGIC[..magic] {
            return Err(JournalError::Foreign);
        }
        if found < FIXED {
            return Err(JournalError::Damaged);
        }
        let format = u32::from_le_bytes(number(&fixed, 8));
        if format != FORMAT {
            return Err(JournalError::Format { found: format });
        }
        let length = |at| u32::from_le_bytes(number(&fixed, at)) as usize;
        let (function, version) = (length(28), length(32));
        if function > LONGEST || version > LONGEST {
            return Err(JournalError::Damaged);
        }
        let mut bytes = fixed.to_vec();
        bytes.resize(FIXED + function + version, 0);
        let whole = bytes.len();
        let expected = u64::from_le_bytes(number(&fixed, CHECKED - 8));
        if read_up_to(file, &mut bytes)? < whole || check(&bytes[CHECKED..]) != expected {
            return Err(JournalError::Damaged);
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec());
        let (function, version) = bytes[FIXED..].split_at(function);
        match (text(function), text(version)) {
            (Ok(function), Ok(version)) => Ok(Self {
                function,
                version,
                salt: u64::from_le_bytes(number(&fixed, CHECKED)),
            }),
            _ => Err(JournalError::Damaged),
        }
    }
}

fn check(bytes: &[u8]) -> u64 {
    xxh3_64_with_seed(bytes, u64::from(FORMAT))
}

/// Fills `bytes` from the beginning of the file as far as that goes.
fn read_up_to(file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    let mut found = 0;
    while found < bytes.len() {
        match file.read_at(&mut bytes[found..], found as u64) {
            Ok(0) => break,
            Ok(more) => found += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
