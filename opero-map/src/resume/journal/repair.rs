//! Finds damage in a journal, copies the file aside and blanks the damage.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Seek};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::files::create_beside;
use super::header::Header;
use super::index::{Index, RecordLocation};
use super::scan::{Piece, Scanner};

/// What is wrong with a journal.
pub(super) struct Survey {
    damage: Vec<Range<u64>>,
    /// Behind the last frame.
    pub(super) end: u64,
    /// There is something behind it,
    tail: bool,
    /// which is not just what a kill leaves.
    strange: bool,
    /// What is damaged of the header, which has a copy that is not.
    header: Option<Range<u64>>,
}

/// Scans the whole journal and adds its records to the index.
pub(super) fn survey(file: &File, header: &Header, index: &mut Index) -> io::Result<Survey> {
    let len = file.metadata()?.len();
    let mut scanner = Scanner::new(file, header.salt, header.len(), len);
    let mut found = Survey {
        damage: Vec::new(),
        end: len.max(header.len()),
        tail: false,
        strange: false,
        header: header.damage(file)?,
    };
    while let Some(piece) = scanner.next()? {
        match piece {
            Piece::Frame(offset, head) => index.add(
                head.metadata.key,
                RecordLocation {
                    offset,
                    body: head.body,
                },
            ),
            Piece::Damage(range) => found.damage.push(range),
            Piece::Tail { from, cut_short } => {
                (found.end, found.tail, found.strange) = (from, true, !cut_short);
            }
        }
    }
    Ok(found)
}

impl Survey {
    /// Blanks the damage after copying the file aside. An interrupted repair is repeated by the
    /// next run.
    pub(super) fn repair(&self, file: &File, path: &Path, header: &Header) -> io::Result<()> {
        // When the journal began, a kill may have cut off the second copy: that is no damage.
        let len = file.metadata()?.len();
        let header_damaged = self
            .header
            .as_ref()
            .is_some_and(|damaged| damaged.start < len);
        if self.strange || !self.damage.is_empty() || header_damaged {
            copy_aside(file, path)?;
        }
        if self.header.is_some() {
            file.write_all_at(&header.bytes(), 0)?;
            file.sync_data()?;
        }
        for range in &self.damage {
            blank(file, range.clone())?;
        }
        if self.tail {
            file.set_len(self.end)?;
        }
        if self.tail || !self.damage.is_empty() {
            file.sync_data()?;
        }
        Ok(())
    }
}

/// Overwrites a range with zeros, which a scan ignores.
fn blank(file: &File, range: Range<u64>) -> io::Result<()> {
    static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
    let mut at = range.start;
    while at < range.end {
        let len = (range.end - at).min(ZEROS.len() as u64);
        file.write_all_at(&ZEROS[..len as usize], at)?;
        at += len;
    }
    Ok(())
}

fn copy_aside(file: &File, path: &Path) -> io::Result<()> {
    for number in 1..=u32::MAX {
        let mut name = OsString::from(path);
        name.push(format!(".damaged-{number}"));
        let mut aside = match create_beside(Path::new(&name)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            aside => aside?,
        };
        // From the file that is open: another may be at its path by now.
        let mut from = file;
        from.seek(io::SeekFrom::Start(0))?;
        let copied = io::copy(&mut from, &mut aside).and_then(|_| {
            aside.set_permissions(file.metadata()?.permissions())?;
            aside.sync_all()
        });
        if copied.is_err() {
            let _ = fs::remove_file(&name);
        }
        return copied;
    }
    Err(io::Error::other("there are too many damaged journals"))
}
