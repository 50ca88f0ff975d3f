#[cfg(feature = "map")]
use std::sync::Arc;
use std::sync::OnceLock;

#[cfg(feature = "map")]
use opero_core::Clock;
use opero_core::ConfigError;

use super::path;
use crate::clock::current_clock;
use crate::{PipelineConfig, Stages};

/// A decorated function's names and stages. It lives in a static inside the function; the stages are built at the first
/// call.
#[derive(Debug)]
pub struct Function {
    name: &'static str,
    here: fn() -> &'static str,
    configure: fn(&mut PipelineConfig),
    stages: OnceLock<Result<Stages, ConfigError>>,
}

impl Function {
    /// The function `name` of a module. `here` is a closure in the function's static, whose type knows where that is;
    /// `configure` sets its parameters.
    pub const fn new<H: Copy>(
        name: &'static str,
        here: H,
        configure: fn(&mut PipelineConfig),
    ) -> Self {
        let _ = here;
        Self {
            name,
            here: std::any::type_name::<H>,
            configure,
            stages: OnceLock::new(),
        }
    }

    /// The function's path: no other function has it, and it is the same in every process of the program.
    #[cfg(any(feature = "map-process", feature = "map-journal"))]
    pub fn path(&self) -> std::borrow::Cow<'static, str> {
        path::of_static((self.here)(), self.name)
    }

    /// The function's module and name, as events have it. Other functions may have the same.
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
            let path = path::of_static((self.here)(), self.name);
            Stages::build_at(&path, self.name, &config, current_clock())
        });
        stages.as_ref()
    }
}
