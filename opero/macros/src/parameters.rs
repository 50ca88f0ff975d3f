//! The parameters as they are written: names, each at most once, with their expressions.

use opero_core::ConfigError;
use opero_core::config::{listed, nearest};
use opero_core::parameters::{self, CODE, EXPANSION, RUN, VALUES, WORKER};
use proc_macro2::{Group, Ident, Span};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, Token, token};

use crate::errors::Errors;

/// The parameter about the expansion that only `#[opero]` has.
const HANDLE: &str = "handle";

/// The parameters of both attributes.
fn common() -> impl Iterator<Item = &'static str> + Clone {
    let expansion = EXPANSION.iter().copied().filter(|name| *name != HANDLE);
    plain(VALUES).chain(CODE.iter().copied()).chain(expansion)
}

/// The parameters that only `#[operomap]` has.
fn of_maps() -> impl Iterator<Item = &'static str> + Clone {
    plain(RUN).chain(WORKER.iter().copied())
}

/// The names of plain values.
pub(crate) fn plain(
    values: &'static [parameters::Parameter],
) -> impl Iterator<Item = &'static str> + Clone {
    values.iter().map(|value| value.name)
}

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
            if input.peek(Token![:]) || input.peek(token::Paren) {
                return Err(not_assigned(&name, input));
            }
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

/// The error for `retries: 3` or `retry(3)`.
fn not_assigned(name: &Ident, input: ParseStream<'_>) -> syn::Error {
    let value = value_after(input).unwrap_or_else(|_| "…".to_owned());
    let known = common().chain([HANDLE]).chain(of_maps());
    let text = name.to_string();
    let meant = meant(&text)
        .or_else(|| nearest(&text, known))
        .unwrap_or(&text);
    let message = format!("a parameter takes its value after `=`: write `{meant} = {value}`");
    syn::Error::new(name.span(), message)
}

/// The parameter that a word means to which another one is nearer by its letters, such as `retry_on` to `retry`.
fn meant(name: &str) -> Option<&'static str> {
    match name {
        "retry" | "max_retries" | "tries" => Some("retries"),
        _ => None,
    }
}

fn value_after(input: ParseStream<'_>) -> syn::Result<String> {
    if input.peek(token::Paren) {
        let inner: Group = input.parse()?;
        return Ok(inner.stream().to_string());
    }
    input.parse::<Token![:]>()?;
    Ok(input.parse::<Expr>()?.to_token_stream().to_string())
}

/// The error for a name that is no parameter. Half a name, such as `ttl`, is looked for before a similar one.
fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    if let Some(meant) = meant(name).filter(|meant| known.clone().any(|known| known == *meant)) {
        return ConfigError::new(
            name,
            "is not a parameter",
            format!("did you mean `{meant}`?"),
        )
        .to_string();
    }
    let half = format!("_{name}");
    let ends: Vec<_> = known
        .clone()
        .filter(|known| known.ends_with(&half))
        .map(|known| format!("`{known}`"))
        .collect();
    match ends.is_empty() {
        true => ConfigError::unknown_parameter(name, known).to_string(),
        false => format!(
            "`{name}` is not a parameter: did you mean {}?",
            ends.join(" or ")
        ),
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
    /// Rejects names that are no parameters of `#[opero]`, or that are given twice.
    pub(crate) fn check_of_opero(&self, errors: &mut Errors) {
        self.check_names(common().chain([HANDLE]), of_maps(), "operomap", errors);
    }

    /// Rejects names that are no parameters of `#[operomap]`, or that are given twice.
    pub(crate) fn check_of_operomap(&self, errors: &mut Errors) {
        self.check_names(common().chain(of_maps()), [HANDLE], "opero", errors);
    }

    /// Rejects names that are not among `known`, or that are given twice.
    pub(crate) fn check_only(&self, known: &[&'static str], errors: &mut Errors) {
        self.check_names(known.iter().copied(), [], "", errors);
    }

    /// `others` are parameters of the attribute `other`.
    fn check_names(
        &self,
        known: impl Iterator<Item = &'static str> + Clone,
        others: impl IntoIterator<Item = &'static str>,
        other: &str,
        errors: &mut Errors,
    ) {
        let others: Vec<_> = others.into_iter().collect();
        for (index, Parameter { name, .. }) in self.0.iter().enumerate() {
            let text = name.to_string();
            if others.contains(&text.as_str()) {
                errors.at(
                    name.span(),
                    format!("`{text}` is a parameter of `#[{other}]` only: remove it here"),
                );
            } else if !known.clone().any(|known| known == text) {
                errors.at(name.span(), unknown(&text, known.clone()));
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

    /// Those of `names` that are given.
    pub(crate) fn given<'a>(
        &'a self,
        names: impl IntoIterator<Item = &'static str> + 'a,
    ) -> impl Iterator<Item = &'a Parameter> {
        names.into_iter().filter_map(|name| self.get(name))
    }

    /// Those that are given and whose name begins so.
    pub(crate) fn about<'a>(&'a self, begin: &'a str) -> impl Iterator<Item = &'a Parameter> {
        self.0
            .iter()
            .filter(move |parameter| parameter.name.to_string().starts_with(begin))
    }
}

/// The error for a name that is not among a function's arguments.
pub(crate) fn unknown_argument(
    span: Span,
    parameter: &str,
    name: &str,
    arguments: &[String],
) -> syn::Error {
    let way_out = match nearest(name, arguments.iter().map(String::as_str)) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None if arguments.is_empty() => "the function has no arguments".to_owned(),
        None => format!("the arguments are {}", listed(arguments)),
    };
    let problem = format!("names `{name}`, which is not an argument of the function");
    syn::Error::new(span, ConfigError::new(parameter, problem, way_out))
}
