use std::any::TypeId;
use std::panic::Location;
#[cfg(feature = "map")]
use std::sync::Arc;
use std::sync::OnceLock;

#[cfg(feature = "map")]
use opero_core::Clock;
use opero_core::{CodecError, ConfigError};

use super::path;
use crate::PipelineConfig;
use crate::clock::current_clock;
use crate::mechanism::cache;
use crate::order::Stages;

/// A decorated function's name and stages. It lives in a static inside the function; the stages are built at the first
/// call.
#[derive(Debug)]
pub struct Function {
    ident: &'static str,
    here: fn() -> &'static str,
    pub(super) configure: fn(&mut PipelineConfig),
    /// Where the attribute is.
    pub(super) location: &'static Location<'static>,
    /// What identifies its first instance where results outlive the process.
    pub(super) first: OnceLock<(TypeId, Result<u128, CodecError>)>,
    stages: OnceLock<Result<Stages, ConfigError>>,
}

impl Function {
    /// The function `ident`. `here` is a closure in the function's static, whose type knows where that is; `configure` sets
    /// its parameters.
    #[track_caller]
    pub const fn new<H: Copy>(
        ident: &'static str,
        here: H,
        configure: fn(&mut PipelineConfig),
    ) -> Self {
        let _ = here;
        Self {
            ident,
            here: std::any::type_name::<H>,
            configure,
            location: Location::caller(),
            first: OnceLock::new(),
            stages: OnceLock::new(),
        }
    }

    /// The function's name in events and reports, for backends, in records and in worker processes: its path, the same in every
    /// process of the program. No other function has it but one in another block of the same function.
    pub fn name(&self) -> &'static str {
        path::of_static((self.here)(), self.ident)
    }

    /// The function's name in its body's path, as [`path::of_body`] wants it.
    pub(super) const fn ident(&self) -> &'static str {
        self.ident
    }

    /// The clock of the stages, or the one that they will have.
    #[cfg(feature = "map")]
    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        match self.stages.get() {
            Some(Ok(stages)) => Arc::clone(stages.clock()),
            _ => current_clock(),
        }
    }

    /// The stages.
    ///
    /// # Errors
    /// A parameter that is only known at run time is out of its range, or a backend does not open.
    #[inline]
    pub fn stages(&self) -> Result<&Stages, &ConfigError> {
        match self.stages.get() {
            Some(stages) => stages.as_ref(),
            None => self.build(),
        }
    }

    #[cold]
    fn build(&self) -> Result<&Stages, &ConfigError> {
        let stages = self.stages.get_or_init(|| {
            let mut config = PipelineConfig::default();
            (self.configure)(&mut config);
            let stages = Stages::build(self.name(), &config, current_clock())?;
            if cache::has_records(&stages.cache) {
                self.has_store_of_its_own(&config)?;
            }
            Ok(stages)
        });
        stages.as_ref()
    }
}
