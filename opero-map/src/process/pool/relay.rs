//! What workers print, on its way above the progress bar.

use std::io::{self, PipeWriter, Read, pipe};
use std::thread;

use crate::progress::{Above, Lines, Stream};

/// Where a worker shall print to `stream` instead of where this program does; `None`: it may print there itself.
///
/// # Errors
/// Where there are no more pipes or threads to be had.
pub(super) fn relay(output: Option<&Above>, stream: Stream) -> io::Result<Option<PipeWriter>> {
    let Some(lines) = output.and_then(|above| above.lines(stream)) else {
        return Ok(None);
    };
    let (from, to) = pipe()?;
    thread::Builder::new()
        .name("opero-output".into())
        .spawn(move || pass_on(from, lines))?;
    Ok(Some(to))
}

/// Until nobody prints there any more.
fn pass_on(mut from: impl Read, mut lines: Lines) {
    let mut bytes = [0; 4096];
    loop {
        match from.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => lines.print(&bytes[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
