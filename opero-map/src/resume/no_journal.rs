use opero_core::{ConfigError, Error};

use super::{ItemRecord, resume_error};
use crate::config::MapConfig;
use crate::erased::ErasedJob;
use crate::report::Report;

/// The journal of a run, which this build cannot have.
pub(crate) enum RunJournal {}

/// The key of an item in a journal, which this build cannot have.
pub(crate) enum JournalKey {}

impl RunJournal {
    pub(crate) fn check<I, T, E>(
        config: &MapConfig,
        _: &dyn ErasedJob<I, T, E>,
    ) -> Result<(), ConfigError> {
        if config.resume.is_none() {
            return Ok(());
        }
        Err(if cfg!(unix) {
            resume_error(
                "is set, and this build has no journals",
                "enable the Cargo feature `journal` of opero-map (`map-journal` of opero)",
            )
        } else {
            resume_error("is set, and journals need a Unix", "leave it out")
        })
    }

    pub(crate) fn open<I, T, E>(
        config: &MapConfig,
        job: &dyn ErasedJob<I, T, E>,
    ) -> Result<Option<Self>, ConfigError> {
        Self::check(config, job).map(|()| None)
    }

    pub(crate) fn key<I, T, E>(&self, _: &dyn ErasedJob<I, T, E>, _: &I) -> JournalKey {
        match *self {}
    }

    pub(crate) fn lookup<I, T, E>(
        &self,
        _: &dyn ErasedJob<I, T, E>,
        _: &JournalKey,
    ) -> Option<Result<T, Error<E>>> {
        match *self {}
    }

    pub(crate) fn record<I, T, E>(
        &self,
        _: &dyn ErasedJob<I, T, E>,
        _: &JournalKey,
        _: &Result<T, Error<E>>,
        _: &ItemRecord,
    ) -> Result<(), String> {
        match *self {}
    }

    pub(crate) fn add_to(&self, _: &mut Report) {
        match *self {}
    }

    pub(crate) fn announce_end(&self) {
        match *self {}
    }

    pub(crate) fn close(&self) {
        match *self {}
    }
}
