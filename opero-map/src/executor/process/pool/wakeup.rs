//! Waking a thread that waits in `poll`.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

/// A socket pair of which one end is polled: it works on every Unix.
#[derive(Debug)]
pub(super) struct Wakeup {
    waking: UnixStream,
    pub(super) woken: UnixStream,
}

impl Wakeup {
    pub(super) fn new() -> io::Result<Self> {
        let (waking, woken) = UnixStream::pair()?;
        waking.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        Ok(Self { waking, woken })
    }

    /// Wakes the thread. Where the socket is full it is awake already.
    pub(super) fn wake(&self) {
        let _ = (&self.waking).write(&[1]);
    }

    /// Forgets the wake-ups so far.
    pub(super) fn clear(&self) {
        let mut bytes = [0; 64];
        while matches!((&self.woken).read(&mut bytes), Ok(count) if count == bytes.len()) {}
    }
}
