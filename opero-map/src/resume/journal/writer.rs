//! Appending to a journal, and bringing it to the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use opero_core::sync::lock;

/// How long a record may be with the operating system alone. A power cut loses no more than that.
const COMMIT_INTERVAL: Duration = Duration::from_millis(500);

/// The end of a journal, and the thread that sees to the disk: one `fdatasync` for all that came
/// within half a second.
pub(super) struct Writer {
    shared: Arc<Shared>,
    committer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    file: Arc<File>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    end: u64,
    /// Something is not on the disk yet.
    dirty: bool,
    closing: bool,
    /// Why something may not be on the disk.
    sync_error: Option<String>,
}

impl Writer {
    /// Appends at `end` of a file whose lock is held.
    pub(super) fn new(file: Arc<File>, end: u64) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            file,
            state: Mutex::new(State {
                end,
                dirty: false,
                closing: false,
                sync_error: None,
            }),
            changed: Condvar::new(),
        });
        let committing = Arc::clone(&shared);
        let committer = thread::Builder::new()
            .name("opero-journal".into())
            .spawn(move || committing.commit())?;
        Ok(Self {
            shared,
            committer: Mutex::new(Some(committer)),
        })
    }

    /// Appends a frame with one write. When this returns, a kill does not lose it.
    pub(super) fn append(&self, frame: &[u8]) -> io::Result<()> {
        let mut state = lock(&self.shared.state);
        if state.closing {
            return Err(io::Error::other("the journal is closed"));
        }
        if let Err(error) = self.shared.file.write_all_at(frame, state.end) {
            // Half a frame would be damage to the next run. Where it cannot be cut off, the next
            // frame is written over it.
            let _ = self.shared.file.set_len(state.end);
            return Err(error);
        }
        state.end += frame.len() as u64;
        let first = !std::mem::replace(&mut state.dirty, true);
        drop(state);
        if first {
            self.shared.changed.notify_one();
        }
        Ok(())
    }

    /// Brings all of it to the disk. Nothing is appended afterwards.
    pub(super) fn close(&self) {
        lock(&self.shared.state).closing = true;
        self.shared.changed.notify_one();
        if let Some(committer) = lock(&self.committer).take() {
            // It does not panic.
            let _ = committer.join();
        }
    }

    /// Returns why something may not be on the disk, if so.
    pub(super) fn sync_error(&self) -> Option<String> {
        lock(&self.shared.state).sync_error.clone()
    }
}

impl Shared {
    fn commit(&self) {
        let mut state = lock(&self.state);
        loop {
            while !state.dirty && !state.closing {
                let waited = self.changed.wait(state);
                state = waited.unwrap_or_else(PoisonError::into_inner);
            }
            let since = Instant::now();
            while let (false, Some(left)) =
                (state.closing, COMMIT_INTERVAL.checked_sub(since.elapsed()))
            {
                let waited = self.changed.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            let closing = state.closing;
            if std::mem::take(&mut state.dirty) {
                drop(state);
                let synced = self.file.sync_data();
                state = lock(&self.state);
                if let Err(error) = synced {
                    state.sync_error = Some(error.to_string());
                }
            }
            if closing {
                return;
            }
        }
    }
}
