//! The current call of a worker, which its parent can read after a crash: its number, as the offset
//! of a file without a name. A worker cannot send it, because it crashes without warning.
//!
//! All holders of a descriptor share the offset. Setting it touches no page of the file, so it
//! costs half of a write.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The shared slot that names the running call; 0 is none.
#[derive(Debug)]
pub(crate) struct CurrentCall(File);

impl CurrentCall {
    /// Creates a slot that names no call.
    #[cfg(target_os = "linux")]
    pub(crate) fn new() -> io::Result<Self> {
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        Ok(Self(
            rustix::fs::memfd_create("opero-worker", flags)?.into(),
        ))
    }

    /// Creates a slot that names no call.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn new() -> io::Result<Self> {
        let name = format!(
            "opero-worker-{}-{:016x}",
            std::process::id(),
            fastrand::u64(..)
        );
        let path = std::env::temp_dir().join(name);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(Self(file))
    }

    /// Opens the slot that another process created.
    pub(crate) fn from_fd(fd: OwnedFd) -> Self {
        Self(fd.into())
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Sets the number.
    pub(crate) fn set(&self, call: u64) -> io::Result<()> {
        (&self.0).seek(SeekFrom::Start(call)).map(drop)
    }

    /// Returns the number that was set last.
    pub(crate) fn get(&self) -> u64 {
        (&self.0).stream_position().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_descriptor_notes_the_other_reads() {
        let ours = CurrentCall::new().unwrap();
        let theirs = CurrentCall::from_fd(ours.fd().try_clone_to_owned().unwrap());
        assert_eq!(ours.get(), 0);
        for call in [1, 1 << 40, 0, 7] {
            theirs.set(call).unwrap();
            assert_eq!(ours.get(), call);
        }
        drop(theirs);
        assert_eq!(ours.get(), 7);
    }
}
