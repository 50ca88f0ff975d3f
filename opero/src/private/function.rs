//! A decorated function: its name, its stages, and what tells it, and each instance of a generic
//! one, from all others where results outlive the process.
//!
//! The compiler's names do, but for what has no name of its own: closures, types inside function
//! bodies, and functions in two blocks of one function. None of these is ever taken for another
//! one:
//!
//! - An instance over a closure has no identity that lasts. Its calls are executed, and an event
//!   says so.
//! - An instance over a type that may stand in a function's body is known by the compiler's id of
//!   its types as well. Another compiler, version of the package or profile has other ids, and
//!   finds nothing of it.
//! - Two functions of one name are found when either builds its stages, since both are registered,
//!   and rejected.

use std::any::TypeId;
use std::hash::BuildHasher;
use std::panic::Location;
#[cfg(feature = "map")]
use std::sync::Arc;
use std::sync::OnceLock;

#[cfg(feature = "map")]
use opero_core::Clock;
use opero_core::key::{BuildIdentity, type_id};
use opero_core::{CodecError, ConfigError, KeyBytes, inventory};

use super::path::{self, Named};
use crate::clock::current_clock;
use crate::config::PipelineConfig;
use crate::mechanism::cache;
use crate::order::Stages;

/// A decorated function's name and stages. It lives in a static inside the function; the stages are
/// built at the first call.
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
    /// The function `ident`. `here` is a closure in the function's static, whose type knows where
    /// that is; `configure` sets its parameters.
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

    /// The function's name in events and reports, for backends, in records and in worker processes:
    /// its path, the same in every process of the program. No other function has it but one in
    /// another block of the same function.
    pub fn name(&self) -> &'static str {
        path::of_static((self.here)(), self.ident)
    }

    /// Returns the function's name in its body's path, as [`path::of_body`] takes it.
    pub(super) const fn ident(&self) -> &'static str {
        self.ident
    }

    /// Returns the clock of the stages, or the one that they will have.
    #[cfg(feature = "map")]
    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        match self.stages.get() {
            Some(Ok(stages)) => Arc::clone(stages.clock()),
            _ => current_clock(),
        }
    }

    /// Returns the stages, and builds them at the first call.
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

/// A function whose results may outlive the process, whether it was called or not.
#[derive(Debug)]
pub struct Registered(
    /// The function.
    pub &'static Function,
);

inventory::collect!(Registered);

/// An instance of a function, or the function where it is not generic.
#[derive(Debug, Clone, Copy)]
pub struct Instance {
    function: &'static Function,
    id: TypeId,
    body: &'static str,
}

impl Instance {
    /// Returns the instance with the body `B` of that name.
    #[inline]
    pub(super) fn of<B>(function: &'static Function, body: &'static str) -> Self {
        Self {
            function,
            id: type_id::<B>(),
            body,
        }
    }

    /// Appends what identifies it.
    ///
    /// # Errors
    /// Where nothing does that lasts.
    pub(super) fn append(self, out: &mut KeyBytes) -> Result<(), CodecError> {
        let number = self.check()?;
        out.push(&number.to_le_bytes());
        Ok(())
    }

    /// Returns what identifies it.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub(super) fn check(self) -> Result<u128, CodecError> {
        // Of a generic function the first instance is remembered, of another one the only one.
        let (id, first) = self
            .function
            .first
            .get_or_init(|| (self.id, self.identify()));
        match *id == self.id {
            true => first.clone(),
            false => self.identify(),
        }
    }

    #[cold]
    fn identify(self) -> Result<u128, CodecError> {
        let name = path::of_body(self.body, self.function.ident());
        match path::named(&name, self.function.name()) {
            Named::Apart => Ok(identity(&[&name])),
            Named::Maybe => Ok(identity(&[&name, &number_of(self.id).to_string()])),
            Named::Not => Err(CodecError::new(format!(
                "`{}` is generic over a closure, which has no name that another process could know it by: pass a function, \
                 or cache in memory; a map may have a `resume_name`, and `Pipeline::call_stable` takes a name",
                self.function.name()
            ))),
        }
    }
}

/// Appends a type that a function is generic over.
#[cfg(feature = "map-journal")]
pub(super) fn append_type_name(name: &str, id: TypeId, out: &mut opero_core::KeyBytes) {
    opero_core::stable::append_name(name, out);
    if path::named_type(name) == Named::Maybe {
        out.push(&number_of(id).to_le_bytes());
    }
}

/// Returns a number for what these names are together.
fn identity(names: &[&str]) -> u128 {
    #[cfg(feature = "serde")]
    return opero_core::stable::KeySpace::new(names)
        .key(b"function")
        .as_u128();
    #[cfg(not(feature = "serde"))]
    {
        let _ = names;
        0
    }
}

fn number_of(id: TypeId) -> u64 {
    BuildIdentity::default().hash_one(id)
}

impl Function {
    /// Checks that this function would take the records of no other one in the program for its own.
    pub(super) fn has_store_of_its_own(&self, config: &PipelineConfig) -> Result<(), ConfigError> {
        let shares = |other: &Function| {
            let mut theirs = PipelineConfig::default();
            (other.configure)(&mut theirs);
            theirs.cache && theirs.cache_namespace == config.cache_namespace
        };
        self.is_the_only_one(
            "cache_namespace",
            "give one of them another name, or a `cache_namespace` of its own",
            shares,
        )
    }

    /// Checks that this function is the only one of its name among those for which `shares` returns
    /// `true`.
    pub(super) fn is_the_only_one(
        &self,
        parameter: &'static str,
        way_out: &str,
        shares: impl Fn(&Self) -> bool,
    ) -> Result<(), ConfigError> {
        let path = self.name();
        let mut others = inventory::iter::<Registered>.into_iter();
        let other = others.find(|Registered(other)| {
            !std::ptr::eq(*other, self) && other.name() == path && shares(other)
        });
        match other {
            None => Ok(()),
            Some(Registered(other)) => Err(ConfigError::new(
                parameter,
                format!(
                    "is the same for two functions that are called `{path}`, one at {} and one at {}",
                    self.location, other.location
                ),
                way_out,
            )),
        }
    }
}
