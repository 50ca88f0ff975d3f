//! What a worker is at, where its parent can read it after the worker's death: the number of the call, as the offset of a
//! file that has no name. Nothing that the worker would have to send is as certain: it dies without warning.
//!
//! Whoever was given a descriptor of the file shares its offset, which outlives each of them. Setting it touches no page of
//! the file, so it costs half of what writing the number there would.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// One number.
#[derive(Debug)]
pub(super) struct Page(File);

impl Page {
    /// A page that says zero: nothing.
    #[cfg(target_os = "linux")]
    pub(super) fn new() -> io::Result<Self> {
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        Ok(Self(
            rustix::fs::memfd_create("opero-worker", flags)?.into(),
        ))
    }

    /// A page that says zero: nothing.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn new() -> io::Result<Self> {
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

    /// The page that another process made.
    pub(super) fn from_fd(fd: OwnedFd) -> Self {
        Self(fd.into())
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Notes the number.
    pub(super) fn set(&self, call: u64) -> io::Result<()> {
        (&self.0).seek(SeekFrom::Start(call)).map(drop)
    }

    /// The number that was noted last.
    pub(super) fn get(&self) -> u64 {
        (&self.0).stream_position().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_descriptor_notes_the_other_reads() {
        let ours = Page::new().unwrap();
        let theirs = Page::from_fd(ours.fd().try_clone_to_owned().unwrap());
        assert_eq!(ours.get(), 0);
        for call in [1, 1 << 40, 0, 7] {
            theirs.set(call).unwrap();
            assert_eq!(ours.get(), call);
        }
        drop(theirs);
        assert_eq!(ours.get(), 7);
    }
}
