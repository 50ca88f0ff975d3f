//! An item that waits for its test: a file that the test makes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Long after a test that works would have let go.
const GUARD: Duration = Duration::from_secs(30);

const SOON: Duration = Duration::from_millis(1);

/// A file that is not there until it is let go, and not any more after the test.
#[derive(Debug)]
pub(crate) struct Hold(PathBuf);

impl Hold {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("opero-hold-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.clone()
    }

    /// The one that waits for it goes on.
    pub(crate) fn release(&self) {
        File::create(&self.0).unwrap();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Waits for the file.
pub(super) fn wait(file: &Path) -> Result<(), String> {
    let started = Instant::now();
    while !file.exists() {
        if started.elapsed() > GUARD {
            return Err("it was not released".to_owned());
        }
        std::thread::sleep(SOON);
    }
    Ok(())
}

/// The same, beside others.
pub(super) async fn wait_async(file: &Path) -> Result<(), String> {
    let started = Instant::now();
    while !file.exists() {
        if started.elapsed() > GUARD {
            return Err("it was not released".to_owned());
        }
        tokio::time::sleep(SOON).await;
    }
    Ok(())
}
