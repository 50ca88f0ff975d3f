use std::fmt::Display;
use std::io::{self, Write};

use super::Stream;
use super::lines::Lines;
#[cfg(feature = "progress")]
use super::screen::suspended;

/// Prints a line on standard output, above the bars that are drawn.
///
/// ```
/// # #[cfg(feature = "thread")] {
/// use opero_map::progress;
///
/// let halve = |n: u32| match n % 2 {
///     0 => Ok(n / 2),
///     _ => {
///         progress::println(format_args!("{n} is odd"));
///         Err("odd")
///     }
/// };
/// opero_map::map(0..10, halve).run();
/// # }
/// ```
///
/// Without a bar it prints like any other line, and drops the line where the stream is closed. Do
/// not call it while holding the lock of standard output or standard error.
pub fn println(line: impl Display) {
    let _ = print(Stream::Output, format!("{line}\n").as_bytes());
}

/// Prints a line on standard error, above the bars that are drawn: otherwise as [`println()`].
///
/// ```
/// opero_map::progress::eprintln("half of the work is done");
/// ```
pub fn eprintln(line: impl Display) {
    let _ = print(Stream::Error, format!("{line}\n").as_bytes());
}

/// A writer to standard output that prints above the bars that are drawn.
///
/// ```
/// use std::io::Write;
///
/// writeln!(opero_map::progress::stdout(), "above the bar")?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn stdout() -> Writer {
    Writer::new(Stream::Output)
}

/// A writer to standard error that prints above the bars that are drawn. Loggers take it in place
/// of [`std::io::stderr`]:
///
/// ```
/// tracing_subscriber::fmt().with_writer(opero_map::progress::stderr).init();
/// ```
///
/// A logger of the process modes' workers is set up in each of them (`worker_init`), and needs no
/// such writer: what workers print appears above the bar in any case.
pub fn stderr() -> Writer {
    Writer::new(Stream::Error)
}

/// Writes above the bars that are drawn: see [`stdout`] and [`stderr`].
///
/// A bar needs a line of its own, so a line appears when it is complete. What is left when the
/// writer is dropped becomes a line, too.
#[derive(Debug)]
pub struct Writer {
    stream: Stream,
    lines: Lines,
}

impl Writer {
    fn new(stream: Stream) -> Self {
        let lines = Lines::default();
        Self { stream, lines }
    }
}

impl Write for Writer {
    /// # Errors
    /// Where the stream cannot be written to.
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let whole = self.lines.take(text);
        if !whole.is_empty() {
            print(self.stream, &whole)?;
        }
        Ok(text.len())
    }

    /// Does nothing: complete lines are flushed already, and others wait for their end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let rest = self.lines.end();
        if !rest.is_empty() {
            // A closed stream drops the rest.
            let _ = print(self.stream, &rest);
        }
    }
}

/// Prints whole lines above the bars.
pub(crate) fn print(stream: Stream, lines: &[u8]) -> io::Result<()> {
    suspended(|| match stream {
        Stream::Output => write(&mut io::stdout().lock(), lines),
        Stream::Error => write(&mut io::stderr().lock(), lines),
    })
}

/// Prints: no bar is drawn without the feature `progress`.
#[cfg(not(feature = "progress"))]
fn suspended<T>(print: impl FnOnce() -> T) -> T {
    print()
}

fn write(to: &mut impl Write, lines: &[u8]) -> io::Result<()> {
    to.write_all(lines)?;
    to.flush()
}
