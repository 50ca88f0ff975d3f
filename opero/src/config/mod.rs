//! The parameters of a pipeline, with the names and defaults of the attributes.

#[cfg(feature = "config")]
mod parse;
mod values;

#[cfg(any(feature = "cache", feature = "retry", feature = "ratelimit"))]
pub(crate) use values::optional;
pub use values::{Rate, Time};

macro_rules! config {
    (values { $($(#[$doc:meta])* $name:ident: $type:ident $(= $default:expr)?;)* } $($rest:tt)*) => {
        /// Every parameter of a pipeline that is a plain value. Predicates are given to the builder or to the attribute.
        ///
        /// Values are kept as they were written and checked when the pipeline is built, so that an error can name them.
        ///
        /// ```
        /// use opero::PipelineConfig;
        ///
        /// let config = PipelineConfig { retries: 5, min_delay: "50ms".into(), ..PipelineConfig::default() };
        /// assert!(config.validate().is_ok());
        /// ```
        #[derive(Clone, PartialEq)]
        pub struct PipelineConfig {
            $($(#[$doc])* pub $name: field!(type $type $(= $default)?),)*
        }

        impl Default for PipelineConfig {
            fn default() -> Self {
                Self { $($name: field!(default $type $(= $default)?),)* }
            }
        }

        /// Backends' URLs without user, password and query.
        impl std::fmt::Debug for PipelineConfig {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("PipelineConfig")
                    $(.field(stringify!($name), &field!(shown $type self.$name)))*
                    .finish()
            }
        }
    };
}

/// Of a row of the table: the field's type, its default, and how it is shown. A row without a default may be left out.
macro_rules! field {
    (type $type:ident = $default:expr) => { $type };
    (type $type:ident) => { Option<$type> };
    (default $type:ident = $default:expr) => { $default };
    (default $type:ident) => { None };
    (shown String $value:expr) => { opero_core::BackendUri::new(&$value) };
    (shown $type:ident $value:expr) => { $value };
}
opero_core::parameters!(config);

impl PipelineConfig {
    /// Checks every value, without opening anything.
    ///
    /// # Errors
    /// The first value that is wrong, by the parameter's name, with the way out.
    pub fn validate(&self) -> Result<(), opero_core::ConfigError> {
        crate::mechanism::cache::validate(self)?;
        crate::mechanism::retry::validate(self)?;
        crate::mechanism::ratelimit::validate(self)
    }
}
