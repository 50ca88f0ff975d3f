use std::fmt;
use std::io::{self, IsTerminal, PipeReader, Read, stderr, stdout};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};
use std::thread;

use opero_core::sync::lock;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionread};

use super::bar::Bar;
use crate::progress::Stream;
use crate::progress::lines::Lines;
use crate::progress::print::print;

/// Prints what worker processes print above the bar, which would otherwise be in its midst.
#[derive(Clone)]
pub(crate) struct Above(Arc<Bar>);

/// What one worker prints to one stream, on its way here.
pub(super) struct Printed {
    pipe: PipeReader,
    lines: Mutex<Lines>,
    stream: Stream,
}

/// So much is read at a time.
const PIECE: usize = 16 << 10;

/// After so many, others have their turn. They are what a pipe holds.
const PIECES: usize = 4;

impl Above {
    pub(super) fn new(bar: Arc<Bar>) -> Option<Self> {
        Some(Self(bar))
    }

    /// Where a worker is to print instead of to `stream`; what it prints there appears above the bar, in whole lines.
    ///
    /// `None` where the stream is no terminal, so that it does not meet the bar; or where no pipe can be had: then it is
    /// better to print over the bar than not at all.
    pub(crate) fn pipe(&self, stream: Stream) -> Option<OwnedFd> {
        let terminal = match stream {
            Stream::Output => stdout().is_terminal(),
            Stream::Error => stderr().is_terminal(),
        };
        if !terminal {
            return None;
        }
        let (pipe, writer) = io::pipe().ok()?;
        let printed = Arc::new(Printed {
            pipe,
            lines: Mutex::default(),
            stream,
        });
        self.0.attend(&printed);
        thread::Builder::new()
            .name("opero-map-output".into())
            .spawn(move || printed.follow())
            .ok()?;
        Some(writer.into())
    }
}

impl Printed {
    /// Prints what comes until the worker, and whoever has the pipe from it, has ended.
    fn follow(&self) {
        while self.wait() {
            self.drain();
        }
        self.put(lock(&self.lines).end());
    }

    /// Waits until there is something to read. `false` at the end.
    fn wait(&self) -> bool {
        loop {
            let mut pipe = [PollFd::new(&self.pipe, PollFlags::IN)];
            match poll(&mut pipe, None) {
                Ok(_) => return pipe[0].revents().contains(PollFlags::IN),
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Prints what has been written so far, without waiting for more.
    pub(super) fn drain(&self) {
        let mut lines = lock(&self.lines);
        let mut piece = [0; PIECE];
        for _ in 0..PIECES {
            // Read under the lock only: nobody takes away what was seen to be there.
            if ioctl_fionread(&self.pipe).unwrap_or(0) == 0 {
                return;
            }
            let Ok(read) = (&self.pipe).read(&mut piece) else {
                return;
            };
            self.put(lines.take(&piece[..read]));
        }
    }

    fn put(&self, text: Vec<u8>) {
        if !text.is_empty() {
            // A terminal that is gone shows nothing.
            let _ = print(self.stream, &text);
        }
    }
}

impl fmt::Debug for Above {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Above").finish_non_exhaustive()
    }
}
