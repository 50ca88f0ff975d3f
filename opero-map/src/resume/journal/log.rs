//! A journal as a run has it open.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use opero_core::stable::KeySpace;
use opero_core::sync::lock;
use opero_core::{CodecError, ConfigError, Key};

use super::entry::State;
use super::frame::{HEAD_BYTES, Head, RecordMetadata, frame};
use super::header::Owner;
use super::index::{Index, RecordLocation};
use super::locks::{JournalLock, unlock};
use super::open::{Opened, open};
use super::writer::Writer;

/// The records of earlier runs, and the writer of this one's.
pub(crate) struct Log {
    file: Arc<File>,
    salt: u64,
    contents: KeySpace,
    index: Mutex<Index>,
    writer: Writer,
    /// Until the file is unlocked.
    lock: Mutex<Option<JournalLock>>,
}

/// A record that was read.
pub(crate) struct Record {
    state: State,
    bytes: Vec<u8>,
    /// Where the outcome begins.
    outcome: usize,
}

impl Log {
    /// Opens the journal at `path`, or creates one.
    pub(crate) fn open(path: &Path, owner: &Owner) -> Result<Self, ConfigError> {
        let Opened {
            file,
            lock: held,
            salt,
            index,
            end,
        } = open(path, owner)?;
        let file = Arc::new(file);
        let writer = Writer::new(Arc::clone(&file), end).map_err(|error| {
            ConfigError::new(
                "resume",
                format!("needs a thread, which could not be started ({error})"),
                "leave it out, or run with fewer threads",
            )
        })?;
        Ok(Self {
            file,
            salt,
            contents: index.contents(),
            index: Mutex::new(index),
            writer,
            lock: Mutex::new(Some(held)),
        })
    }

    /// Returns the key space of the items' contents.
    pub(crate) fn contents(&self) -> &KeySpace {
        &self.contents
    }

    /// Returns the key of the input's next item, and the location of its record.
    pub(crate) fn next_item(&self, content: Key) -> (Key, Option<RecordLocation>) {
        lock(&self.index).next_item(content)
    }

    /// Returns how many records no item asked for so far.
    pub(crate) fn stale(&self) -> u64 {
        lock(&self.index).stale()
    }

    /// Reads the record at that location; `None` where it cannot be read any more.
    pub(crate) fn read(&self, location: RecordLocation) -> Option<Record> {
        let mut bytes = vec![0; HEAD_BYTES + location.body as usize];
        self.file.read_exact_at(&mut bytes, location.offset).ok()?;
        let head = Head::read(self.salt, &bytes)?;
        let (text, _) = head.split(self.salt, &bytes[HEAD_BYTES..])?;
        Some(Record {
            state: head.metadata.state,
            outcome: HEAD_BYTES + text.len(),
            bytes,
        })
    }

    /// Returns the frame that records an item.
    pub(crate) fn frame(
        &self,
        metadata: &RecordMetadata,
        text: &str,
        outcome: impl FnOnce(&mut Vec<u8>) -> Result<(), CodecError>,
    ) -> Result<Vec<u8>, CodecError> {
        frame(self.salt, metadata, text, outcome)
    }

    /// Appends them. Once this returned, a kill does not lose them.
    pub(crate) fn append(&self, frame: &[u8]) -> io::Result<()> {
        self.writer.append(frame)
    }

    /// Returns why records may not be on the disk, if so.
    pub(crate) fn sync_error(&self) -> Option<String> {
        self.writer.sync_error()
    }

    /// Syncs everything to the disk and releases the file.
    pub(crate) fn close(&self) {
        self.writer.close();
        let mut held = lock(&self.lock);
        if held.is_some() {
            unlock(&self.file);
        }
        *held = None;
    }

    /// Notes that no more items are taken: a run that waits for the file gets it soon.
    pub(crate) fn announce_end(&self) {
        if let Some(held) = &*lock(&self.lock) {
            held.announce_end();
        }
    }
}

/// So that an abandoned run, too, leaves everything on the disk.
impl Drop for Log {
    fn drop(&mut self) {
        self.close();
    }
}

impl Record {
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Returns the bytes of the outcome.
    pub(crate) fn outcome(&self) -> &[u8] {
        &self.bytes[self.outcome..]
    }
}
