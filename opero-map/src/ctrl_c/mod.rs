//! What Ctrl-C means while maps run: the first one stops them, the second one ends them, and the third one is the system's.
//! SIGTERM stops those in worker processes, too.

#[cfg_attr(all(unix, feature = "ctrl-c"), path = "enabled.rs")]
#[cfg_attr(not(all(unix, feature = "ctrl-c")), path = "disabled.rs")]
mod watch;

pub(crate) use watch::{POSSIBLE, Watching, is_ignored, within};
