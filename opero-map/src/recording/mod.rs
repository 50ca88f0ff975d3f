//! What a run does with its journal, if it has one.

#[cfg_attr(all(feature = "journal", unix), path = "enabled.rs")]
#[cfg_attr(not(all(feature = "journal", unix)), path = "disabled.rs")]
mod books;

pub(crate) use books::{Recording, Ticket};

use std::time::Duration;

use opero_core::ConfigError;

use crate::engine::Seen;

/// What is known of an item that has its result.
#[cfg_attr(
    not(all(feature = "journal", unix)),
    expect(dead_code, reason = "for the journal")
)]
pub(crate) struct Course {
    pub(crate) index: usize,
    /// Since the Unix epoch.
    pub(crate) started: Duration,
    pub(crate) elapsed: Duration,
    pub(crate) seen: Seen,
}

fn unavailable(problem: &str, way_out: &str) -> ConfigError {
    ConfigError::new("resume", problem, way_out)
}
