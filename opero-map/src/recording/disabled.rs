use opero_core::{ConfigError, Error};

use super::{Course, unavailable};
use crate::{Job, MapConfig, Report};

/// There is none: this build has no journals.
pub(crate) enum Recording {}

/// Nor does an item have one.
pub(crate) enum Ticket {}

impl Recording {
    pub(crate) fn check<I, J: Job<I>>(config: &MapConfig, _: &J) -> Result<(), ConfigError> {
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

    pub(crate) fn open<I, J: Job<I>>(
        config: &MapConfig,
        job: &J,
    ) -> Result<Option<Self>, ConfigError> {
        Self::check(config, job).map(|()| None)
    }

    pub(crate) fn enrol<I, J: Job<I>>(&self, _: &J, _: &I) -> Ticket {
        match *self {}
    }

    pub(crate) fn recall<I, J: Job<I>>(
        &self,
        _: &J,
        _: &Ticket,
    ) -> Option<Result<J::Output, Error<J::Error>>> {
        match *self {}
    }

    pub(crate) fn record<I, J: Job<I>>(
        &self,
        _: &J,
        _: &Ticket,
        _: &Result<J::Output, Error<J::Error>>,
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
