//! Watching runs while they go on: a bar for each on a terminal, plain lines elsewhere; and
//! printing above the bars.
//!
//! A bar is redrawn in place, so what is printed over it is mangled. What worker processes print
//! appears above the bars by itself; in this process [`println()`], [`eprintln()`] and the writers
//! [`stdout`] and [`stderr`] do that. A terminal that cannot move its cursor (`TERM` is `dumb` or
//! not set) gets plain lines.

#[cfg(feature = "progress")]
mod bar;
#[cfg(feature = "progress")]
mod figures;
#[cfg(feature = "progress")]
mod handle;
mod lines;
#[cfg(feature = "progress")]
mod plain;
mod print;
#[cfg(feature = "progress")]
mod run_progress;
#[cfg(feature = "progress")]
mod screen;
#[cfg(feature = "progress")]
mod ticker;
#[cfg(all(feature = "process", feature = "progress"))]
mod worker_output;

#[cfg(feature = "process")]
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::report::statistics::Statistics;

pub use print::{Writer, eprintln, println, stderr, stdout};

/// A standard stream of this process or of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

/// A run that is shown.
#[cfg(feature = "progress")]
pub(crate) type Progress = handle::Progress;
/// A run that is shown, which needs the feature `progress`.
#[cfg(not(feature = "progress"))]
pub(crate) type Progress = std::convert::Infallible;

/// Where worker processes print while a bar is drawn.
#[cfg(all(feature = "process", feature = "progress"))]
pub(crate) type WorkerOutput = worker_output::WorkerOutput;
/// Where worker processes print while a bar is drawn, which needs the feature `progress`.
#[cfg(not(all(feature = "process", feature = "progress")))]
pub(crate) type WorkerOutput = std::convert::Infallible;

/// Shows a run until the result is dropped. Returns `None` where runs cannot be shown.
#[cfg_attr(
    not(feature = "progress"),
    expect(unused_variables, reason = "nothing is shown")
)]
pub(crate) fn show(
    name: &'static str,
    length: Option<usize>,
    statistics: &Arc<Statistics>,
) -> Option<Progress> {
    #[cfg(feature = "progress")]
    return Progress::start(name, length, statistics);
    #[cfg(not(feature = "progress"))]
    None
}

/// Returns where worker processes print while `progress` draws a bar.
#[cfg_attr(
    not(all(feature = "process", feature = "progress")),
    expect(unused_variables, reason = "no worker prints beside a bar")
)]
pub(crate) fn worker_output(progress: Option<&Progress>) -> Option<WorkerOutput> {
    #[cfg(all(feature = "process", feature = "progress"))]
    return progress?.worker_output();
    #[cfg(not(all(feature = "process", feature = "progress")))]
    None
}

/// Returns a pipe for a worker to print to instead of `stream`, where a bar is drawn.
#[cfg(feature = "process")]
#[cfg_attr(
    not(feature = "progress"),
    expect(unused_variables, reason = "no bar is drawn")
)]
pub(crate) fn output_pipe(output: Option<&WorkerOutput>, stream: Stream) -> Option<OwnedFd> {
    #[cfg(feature = "progress")]
    return output?.pipe(stream);
    #[cfg(not(feature = "progress"))]
    None
}
