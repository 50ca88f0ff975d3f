//! A decorated function with all that its parameters say: what the generated code is made from.

use proc_macro2::TokenStream;
use syn::{Expr, ExprLit, Lit};

use crate::codegen::arguments::Arguments;
use crate::fallback::Fallback;
use crate::mode::Mode;
use crate::outcome::Outcome;
use crate::parameters::{Parameter, Parameters};
use crate::settings::{Keys, Settings};
use crate::signature::Function;
use crate::worker_support::WorkerSupport;

/// The function, its parameters, and what follows from both.
pub(crate) struct Decorated<'a> {
    /// The path of the runtime that generated code calls.
    pub(crate) runtime: &'a TokenStream,
    pub(crate) function: &'a Function,
    pub(crate) parameters: &'a Parameters,
    pub(crate) settings: &'a Settings,
    pub(crate) fallback: Option<&'a Fallback>,
    /// Whether the first argument is a map's item.
    pub(crate) has_item: bool,
    /// Where a map runs the function, as far as a literal says.
    pub(crate) mode: Mode,
    /// Whether worker processes can run it.
    pub(crate) worker_support: WorkerSupport,
}

impl Decorated<'_> {
    /// Returns the arguments, as generated closures name them.
    pub(crate) fn arguments(&self) -> Arguments<'_> {
        Arguments {
            runtime: self.runtime,
            all: &self.function.arguments,
            fallback: self.fallback,
            has_item: self.has_item,
            is_single: self.is_single(),
        }
    }

    /// Returns `true` if a call is executed once at most, and nothing but its key asks for its
    /// arguments.
    fn is_single(&self) -> bool {
        const ASKING: [&str; 6] = [
            "outside",
            "inside",
            "cache_key",
            "rate_key",
            "rate_cost",
            "handle",
        ];
        let settings = self.settings;
        self.parameters.get("retries").is_some_and(is_zero)
            && self.fallback.is_none()
            && !self.has_item
            && self.parameters.given(ASKING).next().is_none()
            && (!settings.cache || settings.keys == Keys::Local && settings.renewing.is_none())
    }

    /// Returns `true` if there are stages of the user's.
    pub(crate) fn has_stages(&self) -> bool {
        self.parameters
            .given(["outside", "inside"])
            .next()
            .is_some()
    }

    /// Returns `true` if the return type looks like one of a function that fails.
    pub(crate) fn fails(&self) -> bool {
        !matches!(
            Outcome::of(&self.function.output, self.runtime),
            Outcome::Plain
        )
    }
}

/// Returns a cost, or a number of retries, that is a literal.
pub(crate) fn literal_number(parameter: &Parameter) -> Option<u64> {
    match &parameter.value {
        Some(Expr::Lit(ExprLit {
            lit: Lit::Int(int), ..
        })) => int.base10_parse().ok(),
        _ => None,
    }
}

/// Returns `true` if the parameter is `retries = 0`.
pub(crate) fn is_zero(parameter: &Parameter) -> bool {
    parameter.name == "retries" && literal_number(parameter) == Some(0)
}
