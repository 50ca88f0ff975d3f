//! The channel between a program and its worker processes.

use std::time::Duration;

pub(crate) mod buffers;
pub(crate) mod current_call;
pub(crate) mod socket;
pub(crate) mod wire;

/// How long an idle worker may take to exit once its channel is closed: the time of its exit
/// handlers.
pub(crate) const SHUTDOWN_GRACE: Duration = Duration::from_millis(300);
