//! Whose journal a file is.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic |
//! | 4 | format |
//! | 8 | checksum: XXH3 of all that follows, seeded with the format |
//! | 8 | salt: random, in the checksums of all frames |
//! | 4, 4, 4 | lengths of function, version and types |
//! | | function, version, types |
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

/// The longest text, in bytes.
const LONGEST: usize = 1 << 16;

const MAGIC: [u8; 8] = *b"\x89OPEROJ\n";
const CHECKED: usize = 20;
const FIXED: usize = 40;

/// Whose records may be together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) function: String,
    pub(crate) version: String,
    /// The names of the types of values and errors: bytes of one type may read as another one's. Empty where the user named
    /// the function.
    pub(crate) types: String,
}

impl Owner {
    fn texts(&self) -> [&str; 3] {
        [&self.function, &self.version, &self.types]
    }

    /// Does a header have room for it?
    pub(super) fn fits(&self) -> bool {
        self.texts().iter().all(|text| text.len() <= LONGEST)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) owner: Owner,
    /// Distinguishes this journal's frames from those of another one that a result may hold.
    pub(super) salt: u64,
}

impl Header {
    /// For a journal that begins. The owner [fits](Owner::fits).
    pub(super) fn new(owner: &Owner) -> Self {
        Self {
            owner: owner.clone(),
            salt: RandomState::new().build_hasher().finish(),
        }
    }

    /// Where the first frame is.
    pub(super) fn len(&self) -> u64 {
        let texts = self.owner.texts().map(str::len);
        (FIXED + texts.iter().sum::<usize>()) as u64
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(self.salt.to_le_bytes());
        let texts = self.owner.texts();
        for text in texts {
            bytes.extend((text.len() as u32).to_le_bytes());
        }
        for text in texts {
            bytes.extend(text.as_bytes());
        }
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
        let lengths = [28, 32, 36].map(|at| u32::from_le_bytes(number(&fixed, at)) as usize);
        if lengths.iter().any(|&length| length > LONGEST) {
            return Err(JournalError::Damaged);
        }
        let mut bytes = fixed.to_vec();
        bytes.resize(FIXED + lengths.iter().sum::<usize>(), 0);
        let whole = bytes.len();
        let expected = u64::from_le_bytes(number(&fixed, CHECKED - 8));
        if read_up_to(file, &mut bytes)? < whole || check(&bytes[CHECKED..]) != expected {
            return Err(JournalError::Damaged);
        }
        let mut rest = &bytes[FIXED..];
        let texts = lengths.map(|length| {
            let (text, behind) = rest.split_at(length);
            rest = behind;
            String::from_utf8(text.to_vec())
        });
        let [Ok(function), Ok(version), Ok(types)] = texts else {
            return Err(JournalError::Damaged);
        };
        Ok(Self {
            owner: Owner {
                function,
                version,
                types,
            },
            salt: u64::from_le_bytes(number(&fixed, CHECKED)),
        })
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
