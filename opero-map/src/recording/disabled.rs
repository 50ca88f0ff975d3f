use opero_core::{ConfigError, Error};

use super::{Course, unavailable};
use crate::erased::ErasedJob;
use crate::{MapConfig, Report};

/// There is none: this build has no journals.
pub(crate) enum Recording {}

/// Nor does an item have one.
pub(crate) enum Ticket {}

impl Recording {
    pub(crate) fn check<I, T, E>(
        config: &MapConfig,
        _: &dyn ErasedJob<I, T, E>,
    ) -> Result<(), ConfigError> {
        if config.resume.is_none() {
            return Ok(());
        }
        Err(if cfg!(unix) {
            unavailable(
                "is set, and this build has no journals",
                "enable the Cargo feature `journal` of opero-map (`map-journal` of opero)",
            )
        } else {
            unavailable("is set, and journals need a Unix", "leave it out")
        })
    }

    pub(crate) fn open<I, T, E>(
        config: &MapConfig,
        job: &dyn ErasedJob<I, T, E>,
    ) -> Result<Option<Self>, ConfigError> {
        Self::check(config, job).map(|()| None)
    }

    pub(crate) fn enrol<I, T, E>(&self, _: &dyn ErasedJob<I, T, E>, _: &I) -> Ticket {
        match *self {}
    }

    pub(crate) fn recall<I, T, E>(
        &self,
        _: &dyn ErasedJob<I, T, E>,
        _: &Ticket,
    ) -> Option<Result<T, Error<E>>> {
        match *self {}
    }

    pub(crate) fn record<I, T, E>(
        &self,
        _: &dyn ErasedJob<I, T, E>,
        _: &Ticket,
        _: &Result<T, Error<E>>,
        _: &Course,
    ) -> Result<(), String> {
        match *self {}
    }

    pub(crate) fn account(&self, _: &mut Report) {
        match *self {}
    }

    pub(crate) fn ending(&self) {
        match *self {}
    }

    pub(crate) fn close(&self) {
        match *self {}
    }
}
