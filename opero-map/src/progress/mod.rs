//! Watching a run while it goes on: a bar on a terminal, plain lines elsewhere, from the counts that the lanes keep anyway.

#[cfg_attr(feature = "progress", path = "enabled/mod.rs")]
#[cfg_attr(not(feature = "progress"), path = "disabled.rs")]
#[allow(dead_code, reason = "workers print only where there are processes")]
mod shown;

#[allow(
    unused_imports,
    reason = "workers print only where there are processes"
)]
pub(crate) use shown::{Above, Lines, Progress, say};

/// Where a worker process prints.
#[allow(dead_code, reason = "workers print only where there are processes")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}
