use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::SystemTime;
use std::{fmt, io};

use opero_core::Key;
use opero_core::key::BuildIdentity;

use super::entry::{Entry, State};
use super::error::JournalError;
use super::frame::{HEAD_BYTES, Head};
use super::header::Header;
use super::scan::{Piece, Scanner};

/// A journal to look at, also while a run has it open: it is not changed, and shows what was there
/// when it was opened.
///
/// ```no_run
/// use opero_map::journal::{Entry, Journal};
///
/// let journal = Journal::open("summaries.journal")?;
/// println!("{journal}\n{}", Entry::COLUMNS);
/// for entry in journal.entries() {
///     println!("{}", entry?);
/// }
/// # Ok::<_, opero_map::journal::JournalError>(())
/// ```
pub struct Journal {
    file: File,
    header: Header,
    /// Where the record that counts of each item is.
    last: HashMap<Key, u64, BuildIdentity>,
    len: u64,
    failed: usize,
    superseded: u64,
    damaged: u64,
}

impl Journal {
    /// Opens the journal at `path`.
    ///
    /// # Errors
    /// Where it cannot be read, or is no journal that this version of opero knows.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let file = File::open(path)?;
        let header = Header::read(&file)?;
        let len = file.metadata()?.len();
        let mut journal = Self {
            file,
            header,
            last: HashMap::default(),
            len,
            failed: 0,
            superseded: 0,
            damaged: 0,
        };
        if let Some(damaged) = journal.header.damage(&journal.file)? {
            // What is behind the end is being written just now, perhaps.
            journal.damaged += damaged.end.min(len).saturating_sub(damaged.start);
        }
        journal.survey()?;
        Ok(journal)
    }

    fn survey(&mut self) -> io::Result<()> {
        let mut failed = std::collections::HashSet::<Key, BuildIdentity>::default();
        let mut scanner = scan(&self.file, &self.header, self.len);
        while let Some(piece) = scanner.next()? {
            match piece {
                Piece::Frame(at, Head { metadata, .. }) => {
                    let before = self.last.insert(metadata.key, at);
                    self.superseded += u64::from(before.is_some());
                    match metadata.state {
                        State::Ok => failed.remove(&metadata.key),
                        State::Failed => failed.insert(metadata.key),
                    };
                }
                Piece::Damage(range) => self.damaged += range.end - range.start,
                Piece::Tail { from, cut_short } if !cut_short => self.damaged += self.len - from,
                // What is being written just now, perhaps.
                Piece::Tail { .. } => {}
            }
        }
        self.failed = failed.len();
        Ok(())
    }

    /// Returns the function that the journal belongs to.
    pub fn function(&self) -> &str {
        &self.header.owner.function
    }

    /// Returns the `resume_version` that the journal belongs to.
    pub fn version(&self) -> &str {
        &self.header.owner.version
    }

    /// Returns how many items succeeded.
    pub fn ok(&self) -> usize {
        self.last.len() - self.failed
    }

    /// Returns how many items failed.
    pub fn failed(&self) -> usize {
        self.failed
    }

    /// Returns how many records a later one of the same item replaced.
    pub fn superseded(&self) -> u64 {
        self.superseded
    }

    /// Returns how many bytes are damaged.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Iterates over the items, in the order of recording; of each, the last record.
    pub fn entries(&self) -> Entries<'_> {
        Entries {
            journal: self,
            scanner: scan(&self.file, &self.header, self.len),
        }
    }
}

fn scan<'f>(file: &'f File, header: &Header, len: u64) -> Scanner<'f> {
    Scanner::new(file, header.salt, header.len(), len)
}

/// The items of a journal: see [`Journal::entries`].
pub struct Entries<'j> {
    journal: &'j Journal,
    scanner: Scanner<'j>,
}

impl Iterator for Entries<'_> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<io::Result<Entry>> {
        loop {
            let (at, head) = match self.scanner.next() {
                Ok(Some(Piece::Frame(at, head))) => (at, head),
                Ok(Some(_)) => continue,
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            };
            if self.journal.last.get(&head.metadata.key) == Some(&at) {
                return Some(self.journal.entry(at, &head));
            }
        }
    }
}

impl Journal {
    fn entry(&self, at: u64, head: &Head) -> io::Result<Entry> {
        let mut text = vec![0; head.text as usize];
        self.file.read_exact_at(&mut text, at + HEAD_BYTES as u64)?;
        let metadata = &head.metadata;
        Ok(Entry {
            index: metadata.index,
            state: metadata.state,
            attempts: metadata.attempts,
            started: SystemTime::UNIX_EPOCH
                .checked_add(metadata.started)
                .unwrap_or(SystemTime::UNIX_EPOCH),
            took: metadata.elapsed,
            worker: metadata.worker,
            error: (head.text > 0).then(|| String::from_utf8_lossy(&text).into_owned()),
        })
    }
}

/// A summary in one line.
impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.function())?;
        if !self.version().is_empty() {
            write!(f, " (version {})", self.version())?;
        }
        let items = self.last.len();
        write!(
            f,
            ": {items} items, {} ok, {} failed",
            self.ok(),
            self.failed
        )?;
        if self.superseded > 0 {
            write!(f, ", {} records replaced by later ones", self.superseded)?;
        }
        if self.damaged > 0 {
            write!(f, ", {} bytes damaged", self.damaged)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Journal({self})")
    }
}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entries").field(self.journal).finish()
    }
}
