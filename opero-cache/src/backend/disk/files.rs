//! What sled's files need beside sled, so that it opens after a kill at any moment.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::backend::local::Fault;
use crate::backend::local::directory::private;

/// Makes a database at `path`, whole or not at all: one that a kill left half-made could not be told from a damaged one.
/// Where another process is faster, its database stays.
pub(super) fn create(path: &Path) -> Result<(), Fault> {
    let draft = path.with_extension(format!("sled.draft-{}", std::process::id()));
    // A killed process of this number may have left one.
    let _ = fs::remove_dir_all(&draft);
    // sled makes its files with the mode of every file: they are closed by their directory.
    // Not one that is there: it might be a link.
    private().create(&draft)?;
    sled::open(&draft)?.flush()?;
    let moved = fs::rename(&draft, path);
    let _ = fs::remove_dir_all(&draft);
    match moved {
        Err(error) if !path.try_exists()? => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Retries for a moment while it is open elsewhere: threads of sled hold its lock a little longer than the database that
/// they belonged to.
pub(super) fn patiently<T>(open: impl Fn() -> Result<T, Fault>) -> Result<T, Fault> {
    const TRIES: u32 = 25;
    for _ in 0..TRIES {
        match open() {
            Err(Fault::Busy) => thread::sleep(Duration::from_millis(10)),
            opened => return opened,
        }
    }
    open()
}

/// Removes snapshots that a kill left half-written. sled 0.34 means to ignore them, but knows them by another name than it
/// gives them, and takes the database for damaged.
#[cfg(unix)]
pub(super) fn drop_half_snapshots(path: &Path) -> Result<(), Fault> {
    use rustix::fs::{FlockOperation, flock};

    let half: Vec<_> = fs::read_dir(path)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "generating"))
        .collect();
    if half.is_empty() {
        return Ok(());
    }
    // With sled's own lock: its holder may just be writing one.
    let log = fs::File::open(path.join("db"))?;
    if flock(&log, FlockOperation::NonBlockingLockExclusive).is_ok() {
        half.into_iter().try_for_each(fs::remove_file)?;
    }
    Ok(())
}

/// Where sled's lock cannot be taken, a database that was killed while it wrote a snapshot counts as damaged.
#[cfg(not(unix))]
pub(super) fn drop_half_snapshots(_: &Path) -> Result<(), Fault> {
    Ok(())
}
