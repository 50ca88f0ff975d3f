//! Directories for us alone, and what is damaged put out of the way.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use super::journal::with_suffix;

/// Creates a directory, and those above it, for this user alone. One that is there is left as it is, its mode too: what we
/// put into it is closed to others by itself.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Renames a database to `<name>.damaged-<n>`, so that a new one can begin and nothing is lost that somebody could still
/// read.
pub(super) fn set_aside(base: &Path) -> io::Result<PathBuf> {
    for number in 1..=u32::MAX {
        let aside = with_suffix(base, &format!(".damaged-{number}"));
        if !aside.try_exists()? {
            fs::rename(base, &aside)?;
            return Ok(aside);
        }
    }
    Err(io::Error::other("there are too many damaged databases"))
}

/// Is there room to write again? Where the disk was full, an engine that tries and fails has to be opened anew.
pub(super) fn has_room(directory: &Path) -> bool {
    /// Enough for what an engine writes at once.
    const ROOM: usize = 1 << 20;
    let probe = directory.join("room.probe");
    let written = fs::write(&probe, vec![0xA5; ROOM]);
    // What cannot be removed is written over by the next probe.
    let _ = fs::remove_file(&probe);
    written.is_ok()
}
