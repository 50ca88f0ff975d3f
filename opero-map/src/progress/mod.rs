//! Watching runs while they go on: a bar for each on a terminal, plain lines elsewhere; and printing above the bars.
//!
//! A bar is redrawn in place, so what is printed over it is mangled. What worker processes print appears above the bars by itself;
//! in this process [`println()`], [`eprintln()`] and the writers [`stdout`] and [`stderr`] do that. A terminal that
//! cannot move its cursor (`TERM` is `dumb` or not set) gets plain lines.

mod lines;
mod print;
#[cfg_attr(feature = "progress", path = "enabled/mod.rs")]
#[cfg_attr(not(feature = "progress"), path = "disabled.rs")]
#[cfg_attr(
    not(feature = "process"),
    allow(dead_code, reason = "only workers print while something is shown")
)]
mod shown;

pub use print::{Writer, eprintln, println, stderr, stdout};
pub(crate) use shown::{Above, Progress};

/// A standard stream of this process or of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}
