//! What tells a function, and each instance of a generic one, from all others where results outlive the process.
//!
//! The compiler's names do, but for what has no name of its own: closures, types inside function bodies, and functions in two
//! blocks of one function. None of these is ever taken for another one:
//!
//! - An instance over a closure has no identity that lasts. Its calls are executed, and an event says so.
//! - An instance over a type that may stand in a function's body is known by the compiler's id of its types as well. Another
//!   compiler, version of the package or profile has other ids, and finds nothing of it.
//! - Two functions of one name are found when either builds its stages, since both are registered, and rejected.

use std::any::TypeId;
use std::hash::BuildHasher;

use opero_core::key::{BuildIdentity, type_id};
use opero_core::{CodecError, ConfigError, KeyBytes, inventory};

use super::path::{self, Named};
use super::{Function, stable};
use crate::PipelineConfig;

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
    /// The one with the body `B` of that name.
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

    /// What identifies it.
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
            Named::Apart => Ok(stable::identity(&[&name])),
            Named::Maybe => Ok(stable::identity(&[&name, &number_of(self.id).to_string()])),
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

    /// Checks that this function is the only one of its name among those for which `shares` returns `true`.
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
