use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use opero_core::{Clock, ConfigError, Observer, Rejected};

use super::Pipeline;
use super::arguments::ArgumentHooks;
use super::hooks::{Hooks, Sharing};
use super::{Absent, Present};
use crate::config::{PipelineConfig, Rate, Time};
use crate::order::Stages;

/// Builds a [`Pipeline`]: the parameters of the attribute, by the same names and with the same defaults.
pub struct PipelineBuilder<E, Outside = Absent, Inside = Absent> {
    name: String,
    config: PipelineConfig,
    hooks: Hooks<E>,
    pub(super) arguments: ArgumentHooks,
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Arc<dyn Observer>>,
    outside: Outside,
    inside: Inside,
}

impl<E> Default for PipelineBuilder<E> {
    fn default() -> Self {
        PipelineConfig::default().into()
    }
}

impl<E> From<PipelineConfig> for PipelineBuilder<E> {
    fn from(config: PipelineConfig) -> Self {
        Self {
            name: "pipeline".to_owned(),
            config,
            hooks: Hooks::default(),
            arguments: ArgumentHooks::default(),
            clock: None,
            observer: None,
            outside: Absent,
            inside: Absent,
        }
    }
}

macro_rules! setters {
    (values { $($(#[$doc:meta])* $name:ident: $type:ident $(= $default:expr)?;)* } $($rest:tt)*) => {
        /// Plain parameters: each takes what the attribute takes.
        impl<E, Outside, Inside> PipelineBuilder<E, Outside, Inside> {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(mut self, $name: argument!($type)) -> Self {
                self.config.$name = Into::<$type>::into($name).into();
                self
            }
        )*}
    };
}

/// What a setter takes: a time, a rate or a text as it is written; a number or a flag as it is, so that a literal has its type.
macro_rules! argument {
    (Time) => { impl Into<Time> };
    (Rate) => { impl Into<Rate> };
    (String) => { impl Into<String> };
    ($exact:ident) => { $exact };
}
opero_core::parameters!(setters);

impl<E, Outside, Inside> PipelineBuilder<E, Outside, Inside> {
    /// Names the pipeline in events and, for backends that outlive the process, in keys.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Which errors are worth another attempt (default every one). Asked only where another attempt may follow; after a round of
    /// fallback values, one error that is worth it is enough.
    #[must_use]
    pub fn retry_on(mut self, predicate: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        self.hooks.retry_on = Some(Arc::new(predicate));
        self
    }

    /// The server's own hint how long to wait, which wins over the backoff. It is never undercut: a fallback value that gave one is
    /// passed over until then, and the next round begins when the first value may be asked again.
    #[must_use]
    pub fn retry_after(
        mut self,
        hint: impl Fn(&E) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.hooks.retry_after = Some(Arc::new(hint));
        self
    }

    /// Which errors are worth the next fallback value (default every one).
    #[must_use]
    pub fn fallback_on(mut self, predicate: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        self.hooks.fallback_on = Some(Arc::new(predicate));
        self
    }

    /// How a rejection looks to `retry_on`, `retry_after` and `fallback_on`: so they decide on an attempt's timeout, on a rejection by a
    /// stage of the user's and on a crash too, as `.rejected_as(|rejected| rejected.clone().into())`. Without it, which is the default
    /// where nothing is known of the error type, those are tried again. The attribute does it wherever the error type
    /// implements `From<Rejected>`.
    #[must_use]
    pub fn rejected_as(mut self, error: impl Fn(&Rejected) -> E + Send + Sync + 'static) -> Self {
        self.hooks.rejected_as = Some(Arc::new(error));
        self
    }

    /// Which values are worth keeping (default every one). Asked of values of type `T`; others are kept.
    #[must_use]
    pub fn cache_if<T: 'static>(
        mut self,
        predicate: impl Fn(&T) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.hooks.cache_if = Some(Arc::new(move |value: &dyn Any| {
            value.downcast_ref().is_none_or(&predicate)
        }));
        self
    }

    /// Gives a copy of the error to every caller that waited for a call that failed. Without it, which is the default where
    /// nothing is known of the error type, one of them tries again. The attribute does it wherever the error is `Clone`.
    #[must_use]
    pub fn share_errors(mut self) -> Self
    where
        E: Clone + Send + Sync + 'static,
    {
        self.hooks.sharing = Some(Sharing::by_clone());
        self
    }

    /// The clock of the whole pipeline (default the system's).
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// An observer of this pipeline's calls, beside the global ones.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// A stage of the user's around everything, the cache included.
    #[must_use]
    pub fn outside<S>(self, stage: S) -> PipelineBuilder<E, Present<S>, Inside> {
        PipelineBuilder {
            name: self.name,
            config: self.config,
            hooks: self.hooks,
            arguments: self.arguments,
            clock: self.clock,
            observer: self.observer,
            outside: Present(stage),
            inside: self.inside,
        }
    }

    /// A stage of the user's around every execution, within the rate limit.
    #[must_use]
    pub fn inside<S>(self, stage: S) -> PipelineBuilder<E, Outside, Present<S>> {
        PipelineBuilder {
            name: self.name,
            config: self.config,
            hooks: self.hooks,
            arguments: self.arguments,
            clock: self.clock,
            observer: self.observer,
            outside: self.outside,
            inside: Present(stage),
        }
    }

    /// Checks the parameters, opens the backends and builds the pipeline.
    ///
    /// # Errors
    /// A parameter outside its range, or a backend that is unknown or does not open.
    pub fn build(self) -> Result<Pipeline<E, Outside, Inside>, ConfigError> {
        self.arguments.build()?;
        let clock = self.clock.unwrap_or_else(crate::clock::current_clock);
        Ok(Pipeline {
            stages: Arc::new(Stages::build(&self.name, &self.config, clock)?),
            hooks: self.hooks,
            arguments: self.arguments,
            observer: self.observer,
            places: Arc::new((self.outside, self.inside)),
        })
    }
}

impl PipelineConfig {
    /// A builder that starts from these parameters, for the predicates that no configuration can hold.
    pub fn into_builder<E>(self) -> PipelineBuilder<E> {
        self.into()
    }
}

impl<E, Outside, Inside> std::fmt::Debug for PipelineBuilder<E, Outside, Inside> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PipelineBuilder")
            .field("name", &self.name)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
