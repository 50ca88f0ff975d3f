//! Watching a run while it goes on: a bar on a terminal, plain lines elsewhere, from the counts that the lanes keep anyway.

#[cfg_attr(feature = "progress", path = "enabled/mod.rs")]
#[cfg_attr(not(feature = "progress"), path = "disabled.rs")]
#[cfg_attr(
    not(feature = "process"),
    allow(
        dead_code,
        reason = "only workers and Ctrl-C print while something is shown"
    )
)]
mod shown;

#[cfg(all(unix, feature = "ctrl-c"))]
pub(crate) use shown::say;
pub(crate) use shown::{Above, Progress};

/// Where a worker process prints.
#[cfg(feature = "process")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}
