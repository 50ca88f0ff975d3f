//! The parameters as they are written: names, each at most once, with their expressions.

use opero_core::ConfigError;
use opero_core::config::listed;
use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, Token};

use crate::errors::Errors;

/// The parameters of both attributes, in the order of the table in the documentation.
pub(crate) const COMMON: &[&str] = &[
    "cache",
    "cache_ttl",
    "cache_backend",
    "cache_key",
    "cache_namespace",
    "cache_capacity",
    "cache_if",
    "retries",
    "backoff_factor",
    "min_delay",
    "max_delay",
    "jitter",
    "retry_on",
    "retry_after",
    "max_elapsed",
    "attempt_timeout",
    "arg_fallback",
    "fallback_on",
    "rate_limit",
    "rate_burst",
    "rate_key",
    "rate_cost",
    "rate_backend",
    "rate_max_wait",
    "outside",
    "inside",
    "crate",
];

/// The parameters that only `#[opero]` has.
pub(crate) const OPERO: &[&str] = &["handle"];

/// The parameters that only `#[operomap]` has.
pub(crate) const OPEROMAP: &[&str] = &[
    "mode",
    "workers",
    "ordered",
    "progress",
    "item_timeout",
    "on_error",
];

/// One parameter: `name = value`, or `name` alone for `name = true`.
#[derive(Clone)]
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) value: Option<Expr>,
}

impl Parameter {
    /// Where the value is, for an error about it.
    pub(crate) fn span(&self) -> Span {
        self.value
            .as_ref()
            .map_or_else(|| self.name.span(), Spanned::span)
    }

    /// An error about the value, in the words of a configuration error.
    pub(crate) fn error(&self, problem: &str, way_out: &str) -> syn::Error {
        let error = ConfigError::new(self.name.to_string(), problem, way_out);
        syn::Error::new(self.span(), error)
    }
}

/// All parameters of one attribute.
pub(crate) struct Parameters(Vec<Parameter>);

impl Parse for Parameters {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut parameters = Vec::new();
        while !input.is_empty() {
            let name = input.call(Ident::parse_any)?;
            let value = match input.parse::<Option<Token![=]>>()? {
                Some(_) => Some(ungrouped(input.parse()?)),
                None => None,
            };
            parameters.push(Parameter { name, value });
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self(parameters))
    }
}

/// The value itself: one that comes out of another macro's `$value:literal` stands in an invisible group.
fn ungrouped(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => ungrouped(*group.expr),
        other => other,
    }
}

impl Parameters {
    /// Refuses names that do not exist, that belong to the other attribute, or that are given twice.
    pub(crate) fn check_names(
        &self,
        own: &[&str],
        others: &[&str],
        other: &str,
        errors: &mut Errors,
    ) {
        for (index, Parameter { name, .. }) in self.0.iter().enumerate() {
            let text = name.to_string();
            let known = || COMMON.iter().chain(own).copied();
            if others.contains(&text.as_str()) {
                errors.at(
                    name.span(),
                    format!("`{text}` is a parameter of `#[{other}]` only: remove it here"),
                );
            } else if !known().any(|known| known == text) {
                errors.at(name.span(), ConfigError::unknown_parameter(&text, known()));
            } else if self.0[..index].iter().any(|earlier| *name == earlier.name) {
                errors.at(
                    name.span(),
                    format!("`{text}` is given twice: remove one of them"),
                );
            }
        }
    }

    /// The parameter of that name, if it is given.
    pub(crate) fn get(&self, name: &str) -> Option<&Parameter> {
        self.0.iter().find(|parameter| parameter.name == name)
    }

    /// Is there one whose name is so?
    pub(crate) fn any(&self, is: impl Fn(&str) -> bool) -> bool {
        self.0
            .iter()
            .any(|parameter| is(&parameter.name.to_string()))
    }

    /// Those of `names` that are given.
    pub(crate) fn given<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a Parameter> {
        names.iter().filter_map(|name| self.get(name))
    }
}

/// The error for a name that is not among a function's arguments.
pub(crate) fn unknown_argument(
    span: Span,
    parameter: &str,
    name: &str,
    arguments: &[String],
) -> syn::Error {
    let way_out = match opero_core::config::nearest(name, arguments.iter().map(String::as_str)) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if arguments.is_empty() => "the function has no arguments".to_owned(),
        None => format!("the arguments are {}", listed(arguments)),
    };
    let problem = format!("names `{name}`, which is not an argument of the function");
    syn::Error::new(span, ConfigError::new(parameter, problem, way_out))
}
