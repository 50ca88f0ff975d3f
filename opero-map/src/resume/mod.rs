//! Runs that resume: each finished item is recorded in a journal, and a later run executes only
//! what has no record there.

mod codec;
#[cfg(all(feature = "journal", unix))]
pub mod journal;
mod parameters;
#[cfg(feature = "journal")]
mod resumable;
#[cfg_attr(not(all(feature = "journal", unix)), path = "no_journal.rs")]
mod run_journal;

pub use codec::RecordCodec;
#[cfg(feature = "journal")]
pub use resumable::{BySerde, Never, ResumableError, ResumableJob};
pub(crate) use run_journal::{JournalKey, RunJournal};

use std::time::Duration;

use opero_core::ConfigError;

use crate::engine::ItemTrace;

/// What the journal notes of an item that has its result.
#[cfg_attr(
    not(all(feature = "journal", unix)),
    expect(dead_code, reason = "for the journal")
)]
pub(crate) struct ItemRecord {
    pub(crate) index: usize,
    /// Since the Unix epoch.
    pub(crate) started: Duration,
    pub(crate) elapsed: Duration,
    pub(crate) trace: ItemTrace,
}

fn resume_error(problem: &str, way_out: &str) -> ConfigError {
    ConfigError::new("resume", problem, way_out)
}
