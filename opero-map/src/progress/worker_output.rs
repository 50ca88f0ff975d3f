use std::fmt;
use std::io::{self, IsTerminal, PipeReader, Read, stderr, stdout};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, Weak};
use std::thread;

use opero_core::sync::lock;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionread};

use super::Stream;
use super::lines::Lines;
use super::print::print;

/// Prints the output of worker processes above the bar, which it would otherwise break.
#[derive(Clone, Default)]
pub(crate) struct WorkerOutput(Arc<Mutex<Vec<Weak<OutputPipe>>>>);

/// The output of one worker to one stream.
struct OutputPipe {
    pipe: PipeReader,
    lines: Mutex<Lines>,
    stream: Stream,
}

/// The bytes of one read.
const READ_BYTES: usize = 16 << 10;

/// The reads of one turn: together, what a pipe holds.
const MAX_READS: usize = 4;

impl WorkerOutput {
    /// Prints what workers have written so far.
    pub(super) fn drain(&self) {
        let pipes = std::mem::take(&mut *lock(&self.0));
        pipes
            .iter()
            .filter_map(Weak::upgrade)
            .for_each(|pipe| pipe.drain());
    }

    /// Returns a pipe for a worker to print to instead of `stream`. Its whole lines appear above
    /// the bar.
    ///
    /// `None` where the stream is no terminal, so that it does not meet the bar; or where no pipe
    /// can be had: then it is better to print over the bar than not at all.
    pub(crate) fn pipe(&self, stream: Stream) -> Option<OwnedFd> {
        let terminal = match stream {
            Stream::Output => stdout().is_terminal(),
            Stream::Error => stderr().is_terminal(),
        };
        if !terminal {
            return None;
        }
        let (pipe, writer) = io::pipe().ok()?;
        let output = Arc::new(OutputPipe {
            pipe,
            lines: Mutex::default(),
            stream,
        });
        let mut pipes = lock(&self.0);
        pipes.retain(|pipe| pipe.strong_count() > 0);
        pipes.push(Arc::downgrade(&output));
        drop(pipes);
        thread::Builder::new()
            .name("opero-map-output".into())
            .spawn(move || output.follow())
            .ok()?;
        Some(writer.into())
    }
}

impl OutputPipe {
    /// Prints what comes until the worker and all who inherited its pipe have ended.
    fn follow(&self) {
        while self.wait() {
            self.drain();
        }
        self.put(lock(&self.lines).end());
    }

    /// Waits until there is something to read. Returns `false` at the end.
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
    fn drain(&self) {
        let mut lines = lock(&self.lines);
        let mut piece = [0; READ_BYTES];
        for _ in 0..MAX_READS {
            // All reads are under the lock, so what was seen stays there.
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

impl fmt::Debug for WorkerOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerOutput").finish_non_exhaustive()
    }
}
