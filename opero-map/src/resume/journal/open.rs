//! Opens a journal for a run: checks its owner, locks it, repairs it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use opero_core::ConfigError;

use super::compact::compact;
use super::error::JournalError;
use super::files::{check_directory, is_at, no_file, open_file, sync_directory};
use super::header::{Header, Owner};
use super::index::Index;
use super::locks::{JournalLock, LockError, check_lock, lock_journal};
use super::repair::{Survey, survey};

/// A journal that this run has locked and repaired.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) lock: JournalLock,
    pub(super) salt: u64,
    pub(super) index: Index,
    /// The offset of the next frame.
    pub(super) end: u64,
}

/// Opens the journal at `path`, or creates one.
pub(super) fn open(path: &Path, owner: &Owner) -> Result<Opened, ConfigError> {
    if !owner.fits() {
        return Err(ConfigError::new(
            "resume_version",
            "or the function's name is longer than 64 KiB",
            "give a shorter one",
        ));
    }
    let (file, lock) = open_locked(path)?;
    let begun =
        write_header(&file, path, owner).map_err(|error| failed(path, "written", &error))?;
    let header = match begun {
        Some(header) => header,
        None => inspect_file(&file, path, owner)?,
    };
    let read = |file: &File| -> io::Result<(Survey, Index)> {
        let mut index = Index::new(&owner.function, &owner.version);
        Ok((survey(file, &header, &mut index)?, index))
    };
    let found = read(&file).map_err(|error| failed(path, "read", &error))?;
    let repaired = found.0.repair(&file, path, &header);
    repaired.map_err(|error| failed(path, "repaired", &error))?;
    let mut opened = Opened {
        file,
        lock,
        salt: header.salt,
        index: found.1,
        end: found.0.end,
    };
    // Compaction only saves space: where it fails, the journal stays valid.
    let compacted = compact(path, &opened.file, &opened.index, &header, opened.end);
    if let Ok(Some((file, lock))) = compacted {
        let (found, index) = read(&file).map_err(|error| failed(path, "read", &error))?;
        // The old file first: it is no journal any more.
        opened.file = file;
        (opened.lock, opened.index, opened.end) = (lock, index, found.end);
    }
    Ok(opened)
}

/// Opens and locks the file at `path` for this run.
fn open_locked(path: &Path) -> Result<(File, JournalLock), ConfigError> {
    loop {
        let file = open_file(path).map_err(|error| failed(path, "opened", &error))?;
        let lock = lock_journal(&file).map_err(|error| lock_failed(path, error))?;
        // The previous holder may have replaced the file.
        if is_at(&file, path) {
            return Ok((file, lock));
        }
    }
}

/// Checks that a run of this owner could open the journal at `path`. Changes nothing.
pub(crate) fn inspect(path: &Path, owner: &Owner) -> Result<(), ConfigError> {
    let cannot = |error| failed(path, "opened", &error);
    loop {
        match path.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return check_directory(path).map_err(cannot);
            }
            Err(error) => return Err(cannot(error)),
            // Opening a pipe would block until its other end is opened.
            Ok(found) if !found.is_file() => return Err(cannot(no_file())),
            Ok(_) => {}
        }
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(cannot)?;
        check_lock(&file).map_err(|error| lock_failed(path, error))?;
        if !is_at(&file, path) {
            continue;
        }
        return match file.metadata() {
            Ok(found) if found.len() == 0 => Ok(()),
            _ => inspect_file(&file, path, owner).map(drop),
        };
    }
}

fn inspect_file(file: &File, path: &Path, owner: &Owner) -> Result<Header, ConfigError> {
    const OTHER: &str = "give another path, or move the file away to begin anew";
    let header = Header::read(file).map_err(|error| match error {
        JournalError::Foreign => wrong(path, "which is no journal", "give another path"),
        JournalError::Damaged => wrong(
            path,
            "which is a journal whose beginning is damaged, in both of its copies",
            "give another path, and keep the file: the records are still in it",
        ),
        error => wrong(path, &format!("which {error}"), "give another path"),
    })?;
    let found = &header.owner;
    let problem = if found.function != owner.function {
        format!(
            "which is the journal of the function `{}`, and this one is `{}`",
            found.function, owner.function
        )
    } else if found.version != owner.version {
        format!(
            "which was recorded with the `resume_version` \"{}\", and this is \"{}\"",
            found.version, owner.version
        )
    } else if found.types.is_empty() != owner.types.is_empty() {
        let (was, is) = match found.types.is_empty() {
            true => ("with", "without"),
            false => ("without", "with"),
        };
        format!("which was begun {was} a `resume_name`, and this run is {is} one")
    } else if found.types != owner.types {
        format!(
            "whose results are {}, and those of this function are {}",
            found.types, owner.types
        )
    } else if ![found.shape, owner.shape].contains(&0) && found.shape != owner.shape {
        "whose results look otherwise than those of this function: fields or variants of a type have changed, so \
         that the recorded ones would be read as something else"
            .into()
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

fn failed(path: &Path, doing: &str, error: &io::Error) -> ConfigError {
    wrong(
        path,
        &format!("which cannot be {doing} ({error})"),
        "give a path to a file that may be created and written there",
    )
}

fn lock_failed(path: &Path, error: LockError) -> ConfigError {
    match error {
        LockError::InUse(who) => wrong(
            path,
            &format!("which is in use: {who}"),
            "wait for that run, or give another path",
        ),
        LockError::Io(error) => failed(path, "locked", &error),
    }
}

/// Writes the header of an empty file. Returns `None` where the file is not empty.
fn write_header(file: &File, path: &Path, owner: &Owner) -> io::Result<Option<Header>> {
    if file.metadata()?.len() > 0 {
        return Ok(None);
    }
    let header = Header::new(owner);
    if let Err(error) = file.write_all_at(&header.bytes(), 0) {
        let _ = file.set_len(0);
        return Err(error);
    }
    file.sync_data()?;
    sync_directory(path)?;
    Ok(Some(header))
}
