//! Which journals this process has open, and who else has one.
//!
//! The lock of a file says that somebody has it, and neither who nor for how long. A run of this process that was dropped still has
//! its journal until the items that it began have ended: that is worth waiting for.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use opero_core::sync::lock;
use rustix::fs::{FlockOperation, flock, major, minor};

/// How long a run waits for one of the same process that is ending.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it waits for anybody: who only looks at a journal, or was killed, has it no longer than that.
const MOMENT: Duration = Duration::from_millis(100);

static HOLDERS: Mutex<Vec<(FileId, Stage)>> = Mutex::new(Vec::new());
static CHANGED: Condvar = Condvar::new();

/// Device and inode.
type FileId = (u64, u64);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    Ending,
}

/// A lock that this process has on a journal.
pub(super) struct Hold {
    file: FileId,
}

/// Why a journal cannot be had.
pub(super) enum Held {
    /// By whom, in words.
    By(String),
    Io(io::Error),
}

impl From<io::Error> for Held {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Locks a journal for a run of this process. Waits for one that is about to let it go.
pub(super) fn hold(file: &File) -> Result<Hold, Held> {
    acquire(file, FlockOperation::NonBlockingLockExclusive)?;
    let hold = Hold { file: id(file)? };
    lock(&HOLDERS).push((hold.file, Stage::Running));
    Ok(hold)
}

/// Could a run lock it now? Waits as [`hold`] does.
pub(super) fn look(file: &File) -> Result<(), Held> {
    // Shared, so that those who only look are not in each other's way.
    acquire(file, FlockOperation::NonBlockingLockShared)?;
    unlock(file);
    Ok(())
}

/// Unlocked in words, since a child of this process that is just being started may have the file, too.
pub(super) fn unlock(file: &File) {
    let _ = flock(file, FlockOperation::Unlock);
}

impl Hold {
    /// The run takes no more items: the journal is free soon.
    pub(super) fn ending(&self) {
        for holder in &mut *lock(&HOLDERS) {
            if holder.0 == self.file {
                holder.1 = Stage::Ending;
            }
        }
    }
}

/// Once the file is unlocked.
impl Drop for Hold {
    fn drop(&mut self) {
        lock(&HOLDERS).retain(|holder| holder.0 != self.file);
        CHANGED.notify_all();
    }
}

fn acquire(file: &File, operation: FlockOperation) -> Result<(), Held> {
    let began = Instant::now();
    let this = id(file)?;
    loop {
        match flock(file, operation) {
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::INTR) => continue,
            Err(rustix::io::Errno::WOULDBLOCK) => {}
            Err(error) => return Err(Held::Io(error.into())),
        }
        let holders = lock(&HOLDERS);
        let stage = holders.iter().find(|holder| holder.0 == this);
        let stage = stage.map(|holder| holder.1);
        let patience = match stage {
            Some(Stage::Ending) => PATIENCE,
            _ => MOMENT,
        };
        if began.elapsed() >= patience {
            drop(holders);
            return Err(Held::By(who(stage, this)));
        }
        // A change elsewhere is not told.
        let waited = CHANGED.wait_timeout(holders, Duration::from_millis(5));
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

fn who(stage: Option<Stage>, file: FileId) -> String {
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

/// The process that has the lock, where the system tells.
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
