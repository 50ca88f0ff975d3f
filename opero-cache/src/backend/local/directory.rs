//! Directories for us alone, and what is damaged put out of the way.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use super::journal::with_suffix;

/// Creates a directory, and those above it, for this user alone. One that is there is left as it is, its mode too: what we
/// put into it is closed to others by itself.
pub(in crate::backend) fn create_private(path: &Path) -> io::Result<()> {
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

/// How many bytes may still be put, where `pending` were already: each needs room in the journal, and twice in the engine,
/// which copies before it frees. `None` where not even those that are pending fit: better not to write than to fail in
/// the middle of it. Where nobody can tell, the attempt does.
pub(super) fn room(directory: &Path, pending: u64) -> Option<u64> {
    /// Engines write by the page and by the segment.
    const SPARE: u64 = 2 << 20;
    let needed = SPARE.saturating_add(pending.saturating_mul(2));
    Some(free(directory).checked_sub(needed)? / 3)
}

#[cfg(unix)]
fn free(directory: &Path) -> u64 {
    rustix::fs::statvfs(directory)
        .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> u64 {
    u64::MAX
}

/// Can something be written? A quota shows only so.
pub(super) fn can_write(directory: &Path) -> bool {
    let probe = directory.join("room.probe");
    let written = fs::write(&probe, vec![0xA5; 1 << 20]);
    // What cannot be removed is written over by the next probe.
    let _ = fs::remove_file(&probe);
    written.is_ok()
}
