//! The journal's file and the directories above it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

pub(super) fn no_file() -> io::Error {
    io::Error::other("it is no file")
}

/// Opens the journal at `path`, and creates it and its directories where they are missing.
pub(super) fn open_file(path: &Path) -> io::Result<File> {
    create_parents(path)?;
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(no_file());
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).open(path)
}

/// Creates a file beside a journal, readable by this user alone.
///
/// # Errors
/// `AlreadyExists` where something has that name, also a link: a link is not followed.
pub(super) fn create_beside(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    options.mode(0o600).open(path)
}

/// Returns an error where the journal's directory exists and is no directory.
pub(super) fn check_directory(path: &Path) -> io::Result<()> {
    let above = path.ancestors().skip(1);
    let there = above
        .map(|above| match above.as_os_str().is_empty() {
            true => Path::new("."),
            false => above,
        })
        .find(|above| above.exists());
    match there {
        Some(above) if !above.is_dir() => Err(io::ErrorKind::NotADirectory.into()),
        _ => Ok(()),
    }
}

/// Returns `true` if `path` leads to this file.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let id = |found: std::fs::Metadata| (found.dev(), found.ino());
    match (file.metadata(), path.metadata()) {
        (Ok(this), Ok(there)) => id(this) == id(there),
        _ => false,
    }
}

/// Creates the missing directories above a file, for this user alone. Existing ones keep their
/// mode: the file itself is closed to others.
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
    missing.into_iter().try_for_each(sync_directory)
}

/// Syncs the directory of `path`, so that its entry survives a power cut.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    open_directory(path)?.sync_all()
}

/// Opens the directory that `path` is in.
pub(super) fn open_directory(path: &Path) -> io::Result<File> {
    File::open(parent(path).unwrap_or(Path::new(".")))
}

fn parent(path: &Path) -> Option<&Path> {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
}
