use std::fmt;
use std::io::{self, IsTerminal, Write, stderr, stdout};
use std::sync::Arc;

use super::super::Stream;
use super::bar::Bar;

/// Prints what worker processes say above the bar, which would otherwise overwrite it.
#[derive(Debug, Clone)]
pub(crate) struct Above(Arc<Bar>);

impl Above {
    pub(super) fn new(bar: Arc<Bar>) -> Self {
        Self(bar)
    }

    /// What one worker prints to `stream`. `None` where that is no terminal: what the worker prints there does not meet the
    /// bar, and needs no detour.
    pub(crate) fn lines(&self, stream: Stream) -> Option<Lines> {
        let terminal = match stream {
            Stream::Output => stdout().is_terminal(),
            Stream::Error => stderr().is_terminal(),
        };
        terminal.then(|| Lines {
            bar: Arc::clone(&self.0),
            stream,
            begun: Vec::new(),
        })
    }
}

/// Pieces of what one worker prints to one stream, which come out as whole lines. At the end comes what is left.
pub(crate) struct Lines {
    bar: Arc<Bar>,
    stream: Stream,
    /// The line that has begun and not ended.
    begun: Vec<u8>,
}

/// A line that is longer comes out in parts.
const LONGEST: usize = 64 << 10;

impl Lines {
    /// Prints the lines that end in these bytes.
    pub(crate) fn print(&mut self, bytes: &[u8]) {
        let Some(end) = whole(self.begun.len(), bytes) else {
            self.begun.extend_from_slice(bytes);
            return;
        };
        let (lines, begun) = bytes.split_at(end);
        let before = std::mem::take(&mut self.begun);
        self.put(&[&before, lines]);
        self.begun.extend_from_slice(begun);
    }

    fn put(&self, parts: &[&[u8]]) {
        // The bar can only be drawn on a line of its own.
        let ended = parts.iter().rev().find_map(|part| part.last()) == Some(&b'\n');
        let end: &[u8] = if ended { b"" } else { b"\n" };
        let parts = parts.iter().copied().chain([end]);
        // A terminal that is gone shows nothing.
        self.bar.suspended(|| {
            let _ = match self.stream {
                Stream::Output => write(&mut stdout().lock(), parts),
                Stream::Error => write(&mut stderr().lock(), parts),
            };
        });
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            self.put(&[&self.begun]);
        }
    }
}

impl fmt::Debug for Lines {
    /// Without the text: it may hold arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

/// How many of the bytes can be printed, behind `begun` others of the same line.
fn whole(begun: usize, bytes: &[u8]) -> Option<usize> {
    if let Some(last) = bytes.iter().rposition(|&byte| byte == b'\n') {
        return Some(last + 1);
    }
    (begun + bytes.len() > LONGEST).then_some(bytes.len())
}

fn write<'a>(to: &mut impl Write, parts: impl Iterator<Item = &'a [u8]>) -> io::Result<()> {
    for part in parts {
        to.write_all(part)?;
    }
    to.flush()
}
