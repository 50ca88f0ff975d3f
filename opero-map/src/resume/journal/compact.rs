//! Rewrites a journal without the records that later ones replaced.
//!
//! Items that fail and are tried again leave one with each run. The new file is written beside the
//! old one and takes its place in one step, so at any moment there is one whole journal at the
//! path.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::files::{create_beside, open_directory};
use super::header::Header;
use super::index::Index;
use super::locks::{JournalLock, LockError, lock_journal};
use super::scan::{Piece, Scanner};

/// The fewest replaced records that are worth a rewrite.
const MIN_SUPERSEDED: u64 = 4096;

/// Replaces the journal at `path` by a locked file with its current records, where enough were
/// superseded. `file` is the journal, up to `end`.
pub(super) fn compact(
    path: &Path,
    file: &File,
    index: &Index,
    header: &Header,
    end: u64,
) -> io::Result<Option<(File, JournalLock)>> {
    let superseded = index.superseded();
    // Before the first item, all that counts are stale.
    if superseded < MIN_SUPERSEDED || superseded <= index.stale() {
        return Ok(None);
    }
    // Where the path is a link, it stays one.
    let path = path.canonicalize()?;
    let beside = beside(&path);
    let written = write(&beside, file, index, header, end).and_then(|compacted| {
        let directory = open_directory(&path)?;
        fs::rename(&beside, &path)?;
        // From here on this is the journal, whatever the disk says.
        let _ = directory.sync_all();
        Ok(compacted)
    });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.map(Some)
}

/// Returns the path of the new file. Only the holder of the journal writes it; a leftover of a kill
/// is removed.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".compacting");
    PathBuf::from(name)
}

fn write(
    beside: &Path,
    journal: &File,
    index: &Index,
    header: &Header,
    end: u64,
) -> io::Result<(File, JournalLock)> {
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = create_beside(beside)?;
    file.set_permissions(journal.metadata()?.permissions())?;
    // Before it is at the path, where others find it.
    let lock = lock_journal(&file).map_err(|error| match error {
        LockError::InUse(holder) => io::Error::other(holder),
        LockError::Io(error) => error,
    })?;
    let mut out = BufWriter::with_capacity(1 << 18, &file);
    out.write_all(&header.bytes())?;
    let mut scanner = Scanner::new(journal, header.salt, header.len(), end);
    let mut frame = Vec::new();
    while let Some(piece) = scanner.next()? {
        let Piece::Frame(at, head) = piece else {
            continue;
        };
        if index.is_last(head.metadata.key, at) {
            frame.resize(usize::try_from(head.len()).map_err(io::Error::other)?, 0);
            journal.read_exact_at(&mut frame, at)?;
            out.write_all(&frame)?;
        }
    }
    out.flush()?;
    drop(out);
    file.sync_all()?;
    Ok((file, lock))
}
