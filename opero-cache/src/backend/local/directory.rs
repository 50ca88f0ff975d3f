//! Private directories, and the quarantine of damaged databases.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::wal::with_suffix;

/// Creates a directory, and those above it, for this user alone. One that is there is left as it is, its mode too: what we
/// put into it is closed to others by itself.
pub(in crate::backend) fn create_private(path: &Path) -> io::Result<()> {
    private().recursive(true).create(path)
}

/// What creates directories for this user alone.
pub(in crate::backend) fn private() -> DirBuilder {
    let builder = DirBuilder::new();
    #[cfg(unix)]
    let builder = {
        let mut builder = builder;
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
    };
    builder
}

/// Renames a database to `<name>.damaged-<n>`, so that a new one can begin and what is still readable is not lost.
pub(super) fn quarantine(base: &Path) -> io::Result<PathBuf> {
    for number in 1..=u32::MAX {
        let aside = with_suffix(base, &format!(".damaged-{number}"));
        // A link that leads nowhere is something, too.
        match aside.symlink_metadata() {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::rename(base, &aside)?;
                return Ok(aside);
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("there are too many damaged databases"))
}

/// How many bytes may still be put, where `pending` were already: each needs room in the write-ahead log, and twice in the engine,
/// which copies before it frees. `None` where not even those that are pending fit: better not to write than to fail in
/// the middle of it. Where the room is not known, the attempt decides.
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

/// Returns `true` if something can be written. A quota shows only so.
pub(super) fn can_write(directory: &Path) -> bool {
    let probe = directory.join("room.probe");
    // What a killed process has left.
    let _ = fs::remove_file(&probe);
    // Made anew: nothing is written through a link that was put there.
    let file = OpenOptions::new().write(true).create_new(true).open(&probe);
    let written = file.and_then(|mut file| file.write_all(&[0xA5; 1 << 20]));
    let _ = fs::remove_file(&probe);
    written.is_ok()
}

/// What tells a file from the one that takes its place under the same name. `None` where there is none, or no way to tell.
#[cfg(unix)]
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let found = path.metadata().ok()?;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
pub(super) fn identity(_: &Path) -> Option<(u64, u64)> {
    None
}

/// Returns `true` if an engine gets the threads, memory and files that it needs to open. One that lacks them may say that its database is
/// damaged.
pub(super) fn has_resources(directory: &Path) -> bool {
    // sled has seven threads for its files and one that flushes; it maps as much as it keeps of pages.
    const THREADS: usize = 8;
    const MEMORY: usize = 64 << 20;
    if Vec::<u8>::new().try_reserve_exact(MEMORY).is_err() {
        return false;
    }
    let files: Vec<_> = (0..THREADS).map(|_| fs::read_dir(directory)).collect();
    if files.iter().any(Result::is_err) {
        return false;
    }
    // All at once: each lives until the sender is gone.
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let receiver = std::sync::Arc::new(std::sync::Mutex::new(receiver));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let receiver = std::sync::Arc::clone(&receiver);
            std::thread::Builder::new()
                .spawn(move || opero_core::sync::lock(&receiver).recv().is_err())
        })
        .collect();
    drop(sender);
    let started = threads.iter().all(Result::is_ok);
    for thread in threads.into_iter().flatten() {
        let _ = thread.join();
    }
    started
}
