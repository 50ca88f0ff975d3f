//! The progress bar: drawn on a terminal only, from the counts that the lanes keep anyway.

#[cfg_attr(feature = "progress", path = "enabled.rs")]
#[cfg_attr(not(feature = "progress"), path = "disabled.rs")]
mod bar;

pub(crate) use bar::Progress;
