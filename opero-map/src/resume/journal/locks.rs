//! Locks on journals, and which run holds one.
//!
//! A file lock tells neither its holder nor for how long it is held. A dropped run of this process
//! holds its journal until the items that it began have ended, so a new run waits for that.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opero_core::sync::lock;
use rustix::fs::{FlockOperation, flock, major, minor};

/// How long a run waits for a run of the same process that is ending.
const ENDING_RUN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it waits for other holders: a reader or a killed process holds the lock no longer.
const OTHER_HOLDER_TIMEOUT: Duration = Duration::from_millis(100);

static HOLDERS: Mutex<Vec<(FileId, Stage)>> = Mutex::new(Vec::new());
static CHANGED: Condvar = Condvar::new();

/// Device and inode.
type FileId = (u64, u64);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    Ending,
}

/// A lock that this process holds on a journal.
pub(super) struct JournalLock {
    file: FileId,
}

/// Why a journal cannot be locked.
pub(super) enum LockError {
    /// Another run holds it: which one, in words.
    InUse(String),
    Io(io::Error),
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Locks a journal for a run of this process. Waits for a run that is ending.
pub(super) fn lock_journal(file: &File) -> Result<JournalLock, LockError> {
    acquire(file, FlockOperation::NonBlockingLockExclusive)?;
    let held = JournalLock { file: id(file)? };
    lock(&HOLDERS).push((held.file, Stage::Running));
    Ok(held)
}

/// Checks that a run could lock the journal now. Waits as [`lock_journal`] does.
pub(super) fn check_lock(file: &File) -> Result<(), LockError> {
    // Shared, so that concurrent checks do not block each other.
    acquire(file, FlockOperation::NonBlockingLockShared)?;
    unlock(file);
    Ok(())
}

/// Unlocks the file explicitly: a child process that is being started may share the descriptor.
pub(super) fn unlock(file: &File) {
    let _ = flock(file, FlockOperation::Unlock);
}

impl JournalLock {
    /// Notes that the run takes no more items and will release the journal soon.
    pub(super) fn announce_end(&self) {
        for holder in &mut *lock(&HOLDERS) {
            if holder.0 == self.file {
                holder.1 = Stage::Ending;
            }
        }
    }
}

/// Dropped once the file is unlocked.
impl Drop for JournalLock {
    fn drop(&mut self) {
        lock(&HOLDERS).retain(|holder| holder.0 != self.file);
        CHANGED.notify_all();
    }
}

fn acquire(file: &File, operation: FlockOperation) -> Result<(), LockError> {
    let began = Instant::now();
    let this = id(file)?;
    loop {
        match flock(file, operation) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::INTR) => continue,
            Err(rustix::io::Errno::WOULDBLOCK) => {}
            Err(error) => return Err(LockError::Io(error.into())),
        }
        let holders = lock(&HOLDERS);
        let stage = holders.iter().find(|holder| holder.0 == this);
        let stage = stage.map(|holder| holder.1);
        let timeout = match stage {
            Some(Stage::Ending) => ENDING_RUN_TIMEOUT,
            _ => OTHER_HOLDER_TIMEOUT,
        };
        if began.elapsed() >= timeout {
            drop(holders);
            return Err(LockError::InUse(holder(stage, this)));
        }
        // A change in another process is not announced.
        let waited = CHANGED.wait_timeout(holders, Duration::from_millis(5));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

fn holder(stage: Option<Stage>, file: FileId) -> String {
    match (stage, process(file)) {
        (Some(Stage::Running), _) => "another run of this program has it open".into(),
        (Some(Stage::Ending), _) => {
            "a run of this program that was stopped has it open until the items that it began have ended"
                .into()
        }
        (None, Some(process)) => format!("a run of the process {process} has it open"),
        (None, None) => "a run of another process has it open".into(),
    }
}

fn id(file: &File) -> io::Result<FileId> {
    let found = file.metadata()?;
    Ok((found.dev(), found.ino()))
}

/// Returns the process that holds the lock, where the system tells.
fn process((device, inode): FileId) -> Option<u32> {
    let place = format!("{:02x}:{:02x}:{inode}", major(device), minor(device));
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let of = |line: &str| {
        // `1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF`
        let words: Vec<&str> = line.split_whitespace().collect();
        let ours = words.get(1) == Some(&"FLOCK") && words.get(5) == Some(&place.as_str());
        ours.then(|| words[4].parse().ok())?
    };
    locks.lines().find_map(of).filter(|&process| process > 0)
}
