//! The write-ahead log: what was put, in a file that is written at once and read only after the process died.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | checksum: XXH3 of all that follows in the frame |
//! | 4 | length of what follows the id |
//! | 1 | what happened: put, remove, clear |
//! | 32 | id |
//! | 8 | age, and then the record; only where one was put |
//!
//! A frame is written in one piece. The first that is cut short or damaged ends the reading: what follows it was written
//! by a process that died, or by a disk that lies.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::age::AGE;
use super::id::Id;

const CHECK: usize = 8;
const LENGTH: usize = 4;
const ID: usize = CHECK + LENGTH + 1;
const HEAD: usize = ID + size_of::<Id>();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Put = 1,
    Remove = 2,
    /// The whole keyspace of the id.
    Clear = 3,
}

/// The bytes of one frame, which are also those of the record that the engine keeps: built once, copied nowhere.
#[derive(Clone)]
pub(crate) struct Frame(Vec<u8>);

impl Frame {
    /// `None` where the record is longer than a frame can be, 4 GiB.
    pub(super) fn new(kind: Kind, id: &Id, age: u64, record: &[u8]) -> Option<Self> {
        let body = if kind == Kind::Put {
            AGE + record.len()
        } else {
            0
        };
        let mut bytes = Vec::with_capacity(HEAD + body);
        bytes.extend_from_slice(&[0; CHECK]);
        bytes.extend_from_slice(&u32::try_from(body).ok()?.to_le_bytes());
        bytes.push(kind as u8);
        bytes.extend_from_slice(id);
        if kind == Kind::Put {
            bytes.extend_from_slice(&age.to_le_bytes());
            bytes.extend_from_slice(record);
        }
        let check = xxh3_64(&bytes[CHECK..]).to_le_bytes();
        bytes[..CHECK].copy_from_slice(&check);
        Some(Self(bytes))
    }

    /// Age and record, as the engine keeps them.
    pub(super) fn stored(&self) -> &[u8] {
        &self.0[HEAD..]
    }

    /// The record.
    pub(super) fn record(&self) -> &[u8] {
        &self.0[HEAD + AGE..]
    }

    pub(super) fn id(&self) -> Id {
        let mut id = [0; 32];
        id.copy_from_slice(&self.0[ID..HEAD]);
        id
    }

    pub(super) fn kind(&self) -> Option<Kind> {
        match self.0[ID - 1] {
            1 => Some(Kind::Put),
            2 => Some(Kind::Remove),
            3 => Some(Kind::Clear),
            _ => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The next frame of `from`, of which `left` bytes are left; `None` at its end, whole or not.
    fn read(from: &mut impl Read, left: u64) -> io::Result<Option<Self>> {
        let mut bytes = vec![0; HEAD];
        if left < HEAD as u64 {
            return Ok(None);
        }
        from.read_exact(&mut bytes)?;
        let mut body = [0; LENGTH];
        body.copy_from_slice(&bytes[CHECK..CHECK + LENGTH]);
        let body = u32::from_le_bytes(body);
        // A damaged length must not make this allocate more than there is.
        if u64::from(body) > left - HEAD as u64 {
            return Ok(None);
        }
        bytes.resize(HEAD + body as usize, 0);
        from.read_exact(&mut bytes[HEAD..])?;
        let (check, rest) = bytes.split_at(CHECK);
        if check != xxh3_64(rest).to_le_bytes() {
            return Ok(None);
        }
        let frame = Self(bytes);
        let wanted = match frame.kind() {
            Some(Kind::Put) => frame.stored().len() >= AGE,
            Some(Kind::Remove | Kind::Clear) => frame.stored().is_empty(),
            None => false,
        };
        Ok(wanted.then_some(frame))
    }
}

impl std::fmt::Debug for Frame {
    /// Without key and value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frame")
            .field("len", &self.0.len())
            .finish_non_exhaustive()
    }
}

/// The file that is written now.
#[derive(Debug)]
pub(super) struct Wal {
    file: File,
    path: PathBuf,
    number: u64,
    len: u64,
    /// It ends in half a frame, which would hide those after it.
    torn: bool,
}

impl Wal {
    /// Begins write-ahead log `number` of the database at `base`.
    pub(super) fn create(base: &Path, number: u64) -> io::Result<Self> {
        let path = with_suffix(base, &format!(".journal-{number:010}"));
        let mut options = OpenOptions::new();
        options.create_new(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok(Self {
            file,
            path,
            number,
            len: 0,
            torn: false,
        })
    }

    /// Writes a frame, whole or not at all, and says how long the write-ahead log is by now.
    pub(super) fn append(&mut self, frame: &Frame) -> io::Result<u64> {
        if self.torn {
            self.mend()?;
        }
        if let Err(error) = self.file.write_all(&frame.0) {
            self.torn = true;
            self.mend()?;
            return Err(error);
        }
        self.len += frame.0.len() as u64;
        Ok(self.len)
    }

    fn mend(&mut self) -> io::Result<()> {
        self.file.set_len(self.len)?;
        self.torn = false;
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The write-ahead logs of the database at `base`, oldest first, with their numbers.
pub(super) fn list(base: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let (Some(directory), Some(name)) = (base.parent(), base.file_name()) else {
        return Ok(Vec::new());
    };
    let prefix = format!("{}.journal-", name.to_string_lossy());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            found.push((number, entry.path()));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Shows each frame of a write-ahead log, up to the first that is not whole.
pub(super) fn replay<E: From<io::Error>>(
    path: &Path,
    mut visit: impl FnMut(Frame) -> Result<(), E>,
) -> Result<(), E> {
    let file = File::open(path)?;
    let mut left = file.metadata()?.len();
    let mut reader = BufReader::new(file);
    while let Some(frame) = Frame::read(&mut reader, left)? {
        left -= frame.len() as u64;
        visit(frame)?;
    }
    Ok(())
}

/// `base` with something behind its name.
pub(super) fn with_suffix(base: &Path, suffix: &str) -> PathBuf {
    let mut name = base.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(records: &[Vec<u8>]) -> Vec<Frame> {
        let frame = |(number, record): (usize, &Vec<u8>)| {
            let kind = [Kind::Put, Kind::Put, Kind::Remove, Kind::Clear][number % 4];
            Frame::new(kind, &[number as u8; 32], number as u64, record).unwrap()
        };
        records.iter().enumerate().map(frame).collect()
    }

    fn read_all(bytes: &[u8]) -> Vec<Vec<u8>> {
        let (mut from, mut found) = (bytes, Vec::new());
        loop {
            let left = from.len() as u64;
            match Frame::read(&mut from, left).unwrap() {
                Some(frame) => found.push(frame.0),
                None => return found,
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(records: Vec<Vec<u8>>) {
            let written: Vec<_> = frames(&records).into_iter().map(|frame| frame.0).collect();
            prop_assert_eq!(read_all(&written.concat()), written);
        }

        #[test]
        fn a_journal_that_was_cut_or_garbled_is_read_up_to_there(
            records in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..8),
            at: prop::sample::Index,
            flip in 0..=8_u32,
        ) {
            let written: Vec<_> = frames(&records).into_iter().map(|frame| frame.0).collect();
            let mut bytes = written.concat();
            let at = at.index(bytes.len());
            match flip {
                8 => bytes.truncate(at),
                bit => bytes[at] ^= 1 << bit,
            }
            let mut end = 0;
            let whole = written.iter().take_while(|frame| {
                end += frame.len();
                end <= at
            });
            let whole = whole.count();
            prop_assert_eq!(&read_all(&bytes)[..], &written[..whole]);
        }

        #[test]
        fn no_bytes_panic_or_allocate_more_than_there_is(bytes: Vec<u8>) {
            read_all(&bytes);
        }
    }
}
