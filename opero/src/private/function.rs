#[cfg(feature = "map")]
use std::sync::Arc;
use std::sync::OnceLock;

#[cfg(feature = "map")]
use opero_core::Clock;
use opero_core::ConfigError;

use crate::clock::current_clock;
use crate::{PipelineConfig, Stages};

/// A decorated function's name and stages. It lives in a static inside the function; the stages are built at the first
/// call.
#[derive(Debug)]
pub struct Function {
    name: &'static str,
    config: fn() -> PipelineConfig,
    stages: OnceLock<Result<Stages, ConfigError>>,
}

impl Function {
    /// The function at the path `name`.
    pub const fn new(name: &'static str, config: fn() -> PipelineConfig) -> Self {
        Self {
            name,
            config,
            stages: OnceLock::new(),
        }
    }

    /// The function's path.
    pub const fn name(&self) -> &'static str {
        self.name
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
        self.stages
            .get_or_init(|| Stages::build(self.name, &(self.config)(), current_clock()))
            .as_ref()
    }
}
