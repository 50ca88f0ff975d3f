//! What a worker is at, where its parent can read it after the worker's death: the number of the call, in a file that has no
//! name. Nothing that the worker would have to send is as certain: it dies without warning.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// One number.
#[derive(Debug)]
pub(super) struct Page(File);

impl Page {
    /// A page that says zero: nothing.
    #[cfg(target_os = "linux")]
    pub(super) fn new() -> io::Result<Self> {
        let flags = rustix::fs::MemfdFlags::CLOEXEC;
        let page = Self(rustix::fs::memfd_create("opero-worker", flags)?.into());
        page.set(0)?;
        Ok(page)
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
        let page = Self(file);
        page.set(0)?;
        Ok(page)
    }

    /// The page that another process made.
    pub(super) fn from_fd(fd: OwnedFd) -> Self {
        Self(fd.into())
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Writes the number down. A quarter of a microsecond.
    pub(super) fn set(&self, call: u64) -> io::Result<()> {
        self.0.write_all_at(&call.to_ne_bytes(), 0)
    }

    /// The number that was written last.
    pub(super) fn get(&self) -> u64 {
        let mut bytes = [0; 8];
        match self.0.read_exact_at(&mut bytes, 0) {
            Ok(()) => u64::from_ne_bytes(bytes),
            Err(_) => 0,
        }
    }
}
