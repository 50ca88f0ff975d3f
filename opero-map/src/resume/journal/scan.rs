//! Going through a journal from its front, past whatever is damaged.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::frame::{HEAD_BYTES, Head, MAGIC};

/// What is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A whole frame, and where it begins.
    Frame(u64, Head),
    /// Bytes between frames that are none and not only zeros.
    Damage(Range<u64>),
    /// What is behind the last frame. It comes last, and only where there is something.
    Tail {
        from: u64,
        /// It is what a process leaves that was killed while it wrote, or a system without power,
        /// and nothing else.
        cut_short: bool,
    },
}

/// Goes through the first `end` bytes of a file.
pub(super) struct Scanner<'f> {
    file: &'f File,
    salt: u64,
    end: u64,
    at: u64,
    /// A frame that was found behind damage.
    next: Option<(u64, Head)>,
    window: Window,
}

/// Bytes of the file that were read.
struct Window {
    bytes: Vec<u8>,
    from: u64,
}

/// How much is read at a time, at least. So little in tests that frames are everywhere across its
/// edges.
const READ_BYTES: usize = if cfg!(test) { 100 } else { 1 << 18 };

/// What is at an offset.
enum Found {
    Frame(Head),
    /// A head that is whole, with a body that is not. So far it goes.
    Damaged(u64),
    /// A head that is whole, of a frame that goes on behind the end.
    CutShort,
    Nothing,
}

impl<'f> Scanner<'f> {
    pub(super) fn new(file: &'f File, salt: u64, from: u64, end: u64) -> Self {
        Self {
            file,
            salt,
            end,
            at: from,
            next: None,
            window: Window {
                bytes: Vec::new(),
                from,
            },
        }
    }

    /// Returns the next piece; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece>> {
        if let Some((at, head)) = self.next.take() {
            self.at = at + head.len();
            return Ok(Some(Piece::Frame(at, head)));
        }
        let from = self.at;
        let (mut at, mut zeros, mut cut_short) = (from, true, false);
        while at < self.end {
            match self.find(at)? {
                Found::Frame(head) if zeros => {
                    self.at = at + head.len();
                    return Ok(Some(Piece::Frame(at, head)));
                }
                Found::Frame(head) => {
                    self.next = Some((at, head));
                    return Ok(Some(Piece::Damage(from..at)));
                }
                Found::Damaged(len) => {
                    zeros = false;
                    at += len;
                }
                Found::CutShort => {
                    cut_short = zeros;
                    break;
                }
                Found::Nothing => at = self.skip(at, &mut zeros)?,
            }
        }
        self.at = self.end;
        let cut_short = cut_short || zeros;
        Ok((from < self.end).then_some(Piece::Tail { from, cut_short }))
    }

    fn find(&mut self, at: u64) -> io::Result<Found> {
        let (salt, left) = (self.salt, self.end - at);
        let bytes = self.look(at, HEAD_BYTES)?;
        if bytes.len() < HEAD_BYTES {
            let begun = bytes.len().min(MAGIC.len());
            return Ok(if bytes[..begun] == MAGIC[..begun] {
                Found::CutShort
            } else {
                Found::Nothing
            });
        }
        let Some(head) = Head::read(salt, bytes) else {
            return Ok(Found::Nothing);
        };
        if head.len() > left {
            return Ok(Found::CutShort);
        }
        // The end is within the file, so this fits where the file does.
        let bytes = self.look(at, usize::try_from(head.len()).map_err(io::Error::other)?)?;
        Ok(match head.split(salt, &bytes[HEAD_BYTES..]) {
            Some(_) => Found::Frame(head),
            None => Found::Damaged(head.len()),
        })
    }

    /// Returns where a frame may begin after `at`. Notes if anything before it is not zero.
    fn skip(&mut self, at: u64, zeros: &mut bool) -> io::Result<u64> {
        let bytes = self.look(at, READ_BYTES)?;
        let behind = &bytes[1..];
        let found = behind.windows(MAGIC.len()).position(|four| four == MAGIC);
        let skipped = match found {
            Some(found) => found + 1,
            // Its last bytes may be the first of a magic.
            None if bytes.len() == READ_BYTES => READ_BYTES - (MAGIC.len() - 1),
            None => (1..bytes.len())
                .find(|&at| MAGIC.starts_with(&bytes[at..]))
                .unwrap_or(bytes.len()),
        };
        *zeros &= bytes[..skipped].iter().all(|&byte| byte == 0);
        Ok(at + skipped as u64)
    }

    /// Returns the bytes from `at` on: `len`, or as many as there are before the end.
    fn look(&mut self, at: u64, len: usize) -> io::Result<&[u8]> {
        let left = usize::try_from(self.end - at).unwrap_or(usize::MAX);
        let len = len.min(left);
        let window = &mut self.window;
        let within = |from: u64, read: usize| {
            let start = usize::try_from(at.checked_sub(from)?).ok()?;
            (start <= read && len <= read - start).then_some(start)
        };
        let start = match within(window.from, window.bytes.len()) {
            Some(start) => start,
            None => {
                window.bytes.resize(len.max(READ_BYTES).min(left), 0);
                self.file.read_exact_at(&mut window.bytes, at)?;
                window.from = at;
                0
            }
        };
        Ok(&window.bytes[start..start + len])
    }
}
