//! No server outlives the process that started it.

use std::io;
use std::process::{Child, Command, Stdio};

/// Kills a process when this one is gone, however it went: even after a SIGKILL the operating system closes the pipe
/// that the watcher reads.
#[derive(Debug)]
pub(crate) struct Watcher(Child);

impl Watcher {
    pub(crate) fn of(process: u32) -> io::Result<Self> {
        let watcher = Command::new("sh")
            .args(["-c", "read -r _; kill -9 \"$1\"", "sh"])
            .arg(process.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self(watcher))
    }

    /// Closes the pipe, as the end of this process does.
    #[cfg(test)]
    pub(crate) fn close(&mut self) {
        self.0.stdin = None;
    }
}

impl Drop for Watcher {
    /// It must go before its process is reaped: the number may be another process's afterwards.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
