//! Opening a journal for a run: whose it is, who else has it, and what is damaged in it.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use opero_core::ConfigError;
use rustix::fs::{FlockOperation, flock};

use super::JournalError;
use super::header::{Header, LONGEST};
use super::index::{Index, Place};
use super::scan::{Piece, Scanner};

/// A journal that this run alone has, with nothing damaged in it.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) salt: u64,
    pub(super) index: Index,
    /// Where the next frame goes.
    pub(super) end: u64,
}

/// Opens the journal at `path`, or begins one.
pub(super) fn open(path: &Path, function: &str, version: &str) -> Result<Opened, ConfigError> {
    if function.len().max(version.len()) > LONGEST {
        return Err(ConfigError::new(
            "resume_version",
            "or the function's name is longer than 64 KiB",
            "give a shorter one",
        ));
    }
    let failed = |doing: &str, error: io::Error| {
        wrong(
            path,
            &format!("which cannot be {doing} ({error})"),
            "give a path to a file that may be created and written there",
        )
    };
    let file = open_file(path).map_err(|error| failed("opened", error))?;
    lock(&file).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => wrong(
            path,
            "which is in use: another run has it open",
            "wait for that run, or give another path",
        ),
        _ => failed("locked", error),
    })?;
    let (header, len) = begin(&file, path, function, version)
        .map_err(|error| failed("written", error))
        .and_then(|begun| match begun {
            Some(begun) => Ok(begun),
            None => Ok((
                inspect_file(&file, path, function, version)?,
                file.metadata()
                    .map_err(|error| failed("read", error))?
                    .len(),
            )),
        })?;
    let mut index = Index::new(function, version);
    let found = survey(&file, &header, len, &mut index);
    let found = found.map_err(|error| failed("read", error))?;
    let repaired = found.repair(&file, path);
    repaired.map_err(|error| failed("repaired", error))?;
    Ok(Opened {
        file,
        salt: header.salt,
        index,
        end: found.end,
    })
}

/// Is what is at `path`, if anything, the journal of this function and version? Changes nothing.
pub(crate) fn inspect(path: &Path, function: &str, version: &str) -> Result<(), ConfigError> {
    match File::open(path) {
        Ok(file) if file.metadata().is_ok_and(|file| file.len() > 0) => {
            inspect_file(&file, path, function, version).map(drop)
        }
        // What cannot be opened is said by opening it.
        _ => Ok(()),
    }
}

fn inspect_file(
    file: &File,
    path: &Path,
    function: &str,
    version: &str,
) -> Result<Header, ConfigError> {
    const OTHER: &str = "give another path, or delete the file to begin anew";
    let header = Header::read(file).map_err(|error| match error {
        JournalError::Foreign => wrong(path, "which is no journal", "give another path"),
        error => wrong(path, &format!("which {error}"), OTHER),
    })?;
    let problem = if header.function != function {
        format!(
            "which is the journal of the function `{}`, and this one is `{function}`",
            header.function
        )
    } else if header.version != version {
        format!(
            "which was recorded with the `resume_version` \"{}\", and this is \"{version}\"",
            header.version
        )
    } else {
        return Ok(header);
    };
    Err(wrong(path, &problem, OTHER))
}

fn wrong(path: &Path, problem: &str, way_out: &str) -> ConfigError {
    ConfigError::new(
        "resume",
        format!("is `{}`, {problem}", path.display()),
        way_out,
    )
}

fn open_file(path: &Path) -> io::Result<File> {
    if let Some(parent) = parent(path) {
        // One that is there is left as it is, its mode too: the file is closed to others by itself.
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)?;
    }
    // Opening a pipe would wait for somebody at its other end.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("it is no file"));
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path)
}

fn lock(file: &File) -> io::Result<()> {
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

/// Gives an empty file its header. `None`: it is not empty.
fn begin(
    file: &File,
    path: &Path,
    function: &str,
    version: &str,
) -> io::Result<Option<(Header, u64)>> {
    if file.metadata()?.len() > 0 {
        return Ok(None);
    }
    let header = Header::new(function, version);
    if let Err(error) = file.write_all_at(&header.bytes(), 0) {
        let _ = file.set_len(0);
        return Err(error);
    }
    file.sync_data()?;
    File::open(parent(path).unwrap_or(Path::new(".")))?.sync_all()?;
    let len = header.len();
    Ok(Some((header, len)))
}

fn parent(path: &Path) -> Option<&Path> {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
}

/// What is wrong with a journal.
struct Survey {
    damage: Vec<Range<u64>>,
    /// Behind the last frame.
    end: u64,
    /// There is something behind it,
    tail: bool,
    /// which is not just what a kill leaves.
    strange: bool,
}

fn survey(file: &File, header: &Header, len: u64, index: &mut Index) -> io::Result<Survey> {
    let mut scanner = Scanner::new(file, header.salt, header.len(), len);
    let mut found = Survey {
        damage: Vec::new(),
        end: len,
        tail: false,
        strange: false,
    };
    while let Some(piece) = scanner.next()? {
        match piece {
            Piece::Frame(offset, head) => index.add(
                head.facts.key,
                Place {
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
    /// Takes out what is damaged, once it was copied aside. Where this is interrupted, the next run does it again.
    fn repair(&self, file: &File, path: &Path) -> io::Result<()> {
        if self.strange || !self.damage.is_empty() {
            copy_aside(path)?;
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

/// Zeros mean nothing: the next run finds no damage there.
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

fn copy_aside(path: &Path) -> io::Result<()> {
    for number in 1..=u32::MAX {
        let mut name = OsString::from(path);
        name.push(format!(".damaged-{number}"));
        let aside = PathBuf::from(name);
        if !aside.try_exists()? {
            fs::copy(path, &aside)?;
            return File::open(&aside)?.sync_all();
        }
    }
    Err(io::Error::other("there are too many damaged journals"))
}
