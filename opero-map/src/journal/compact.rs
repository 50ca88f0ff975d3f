//! Writing a journal anew without the records that later ones have replaced.
//!
//! Items that fail and are tried again leave one with each run. The new file is written beside the old one and takes its place
//! in one step, so at any moment there is one whole journal at the path.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::header::Header;
use super::holders::{Held, Hold, hold};
use super::open::{Opened, create_beside, place};
use super::scan::{Piece, Scanner};

/// With fewer records to leave out it is not worth the trouble.
const LEAST: u64 = 4096;

/// A file with what counts of an open journal, now at its path and locked. `None`: there is not much to leave out.
pub(super) fn compact(
    path: &Path,
    journal: &Opened,
    header: &Header,
) -> io::Result<Option<(File, Hold)>> {
    let superseded = journal.index.superseded();
    // Before the first item, all that counts are stale.
    if superseded < LEAST || superseded <= journal.index.stale() {
        return Ok(None);
    }
    // Where the path is a link, it stays one.
    let path = path.canonicalize()?;
    let beside = beside(&path);
    let written = write(&beside, journal, header).and_then(|(file, hold)| {
        let place = place(&path)?;
        fs::rename(&beside, &path)?;
        // From here on this is the journal, whatever the disk says.
        let _ = place.sync_all();
        Ok((file, hold))
    });
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.map(Some)
}

/// Only who has the journal writes it. What a kill leaves there is removed.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".compacting");
    PathBuf::from(name)
}

fn write(beside: &Path, journal: &Opened, header: &Header) -> io::Result<(File, Hold)> {
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = create_beside(beside)?;
    file.set_permissions(journal.file.metadata()?.permissions())?;
    // Before it is at the path, where others find it.
    let hold = hold(&file).map_err(|held| match held {
        Held::By(who) => io::Error::other(who),
        Held::Io(error) => error,
    })?;
    let mut out = BufWriter::with_capacity(1 << 18, &file);
    out.write_all(&header.bytes())?;
    let mut scanner = Scanner::new(&journal.file, header.salt, header.len(), journal.end);
    let mut frame = Vec::new();
    while let Some(piece) = scanner.next()? {
        let Piece::Frame(at, head) = piece else {
            continue;
        };
        if journal.index.is_last(head.facts.key, at) {
            frame.resize(usize::try_from(head.len()).map_err(io::Error::other)?, 0);
            journal.file.read_exact_at(&mut frame, at)?;
            out.write_all(&frame)?;
        }
    }
    out.flush()?;
    drop(out);
    file.sync_all()?;
    Ok((file, hold))
}
