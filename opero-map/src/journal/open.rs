//! Opening a journal for a run: whose it is, and who else has it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

use opero_core::ConfigError;
use rustix::fs::{FlockOperation, flock};

use super::JournalError;
use super::header::{Header, Owner};
use super::index::Index;
use super::repair::survey;

/// A journal that this run alone has, with nothing damaged in it.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) salt: u64,
    pub(super) index: Index,
    /// Where the next frame goes.
    pub(super) end: u64,
}

/// Opens the journal at `path`, or begins one.
pub(super) fn open(path: &Path, owner: &Owner) -> Result<Opened, ConfigError> {
    if !owner.fits() {
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
    let begun = begin(&file, path, owner).map_err(|error| failed("written", error))?;
    let header = match begun {
        Some(header) => header,
        None => inspect_file(&file, path, owner)?,
    };
    let mut index = Index::new(&owner.function, &owner.version);
    let found = survey(&file, &header, &mut index);
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

/// Is what is at `path`, if anything, a journal of this owner's? Changes nothing.
pub(crate) fn inspect(path: &Path, owner: &Owner) -> Result<(), ConfigError> {
    // Opening a pipe would wait for somebody at its other end.
    let is_file = |path: &Path| path.metadata().is_ok_and(|at| at.is_file() && at.len() > 0);
    match is_file(path).then(|| File::open(path)) {
        Some(Ok(file)) => inspect_file(&file, path, owner).map(drop),
        // What cannot be opened is said by who opens it.
        _ => Ok(()),
    }
}

fn inspect_file(file: &File, path: &Path, owner: &Owner) -> Result<Header, ConfigError> {
    const OTHER: &str = "give another path, or delete the file to begin anew";
    let header = Header::read(file).map_err(|error| match error {
        JournalError::Foreign => wrong(path, "which is no journal", "give another path"),
        error => wrong(path, &format!("which {error}"), OTHER),
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
    create_parents(path)?;
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
fn begin(file: &File, path: &Path, owner: &Owner) -> io::Result<Option<Header>> {
    if file.metadata()?.len() > 0 {
        return Ok(None);
    }
    let header = Header::new(owner);
    if let Err(error) = file.write_all_at(&header.bytes(), 0) {
        let _ = file.set_len(0);
        return Err(error);
    }
    file.sync_data()?;
    sync_place(path)?;
    Ok(Some(header))
}

/// Creates the directories above a file, for this user alone. One that is there is left as it is, its mode too: the file is
/// closed to others by itself.
fn create_parents(path: &Path) -> io::Result<()> {
    let Some(parent) = parent(path) else {
        return Ok(());
    };
    let missing = |directory: &&Path| !directory.as_os_str().is_empty() && !directory.exists();
    let missing: Vec<_> = parent.ancestors().take_while(missing).collect();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)?;
    missing.into_iter().try_for_each(sync_place)
}

/// A power cut leaves it where it is.
fn sync_place(path: &Path) -> io::Result<()> {
    File::open(parent(path).unwrap_or(Path::new(".")))?.sync_all()
}

fn parent(path: &Path) -> Option<&Path> {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
}
