//! The parameter that takes fallback values: named by `arg_fallback`, or marked by `#[fallback(…)]`
//! with a default list.

use proc_macro2::{Ident, Span};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Token, Type};

use crate::errors::Errors;
use crate::lifetimes::name_elided;
use crate::parameters::{Parameter, Parameters, unknown_argument};
use crate::signature::{Argument, Function};

/// Where the values come from.
pub(crate) enum Values {
    /// The list in `#[fallback(…)]`; the parameter is not in the generated signature.
    Listed(Vec<Expr>),
    /// What the caller passes.
    Passed,
}

/// The fallback parameter.
pub(crate) struct Fallback {
    /// Its place among the arguments.
    pub(crate) index: usize,
    pub(crate) values: Values,
    /// What asked for it.
    pub(crate) span: Span,
}

impl Fallback {
    /// Finds it, and takes `#[fallback(…)]` off the arguments: no compiler knows that attribute.
    pub(crate) fn read(
        function: &mut Function,
        parameters: &Parameters,
        errors: &mut Errors,
    ) -> Option<Self> {
        let marked = marked(&mut function.arguments, errors);
        let named = parameters
            .get("arg_fallback")
            .and_then(|parameter| errors.take(named(parameter, function)));
        let fallback = match (marked, named) {
            (Some(marked), Some((index, span))) if marked.index != index => {
                let name = &function.arguments[marked.index].name;
                errors.at(span, format!("`arg_fallback` names another argument than `{name}`, which `#[fallback(…)]` marks: remove one of them"));
                return None;
            }
            (Some(marked), _) => marked,
            (None, Some((index, span))) => Self {
                index,
                values: Values::Passed,
                span,
            },
            (None, None) => {
                if let Some(parameter) = parameters.get("fallback_on") {
                    errors.at(
                        parameter.name.span(),
                        "`fallback_on` asks about a fallback that is not there: name an argument with `arg_fallback`, or mark \
                         one with `#[fallback(…)]`",
                    );
                }
                return None;
            }
        };
        let argument = &mut function.arguments[fallback.index];
        if matches!(fallback.values, Values::Passed) {
            name_elided(&mut argument.ty, "values", &mut function.item.sig.generics);
        }
        if let Type::ImplTrait(ty) = &argument.ty {
            errors.at(ty.span(), "the fallback argument cannot be `impl Trait`, since its values are kept in a list: name the type");
        }
        Some(fallback)
    }
}

fn marked(arguments: &mut [Argument], errors: &mut Errors) -> Option<Fallback> {
    let mut found: Option<Fallback> = None;
    for (index, argument) in arguments.iter_mut().enumerate() {
        let (marks, others): (Vec<_>, Vec<_>) = std::mem::take(&mut argument.attributes)
            .into_iter()
            .partition(crate::is_fallback);
        argument.attributes = others;
        for mark in marks {
            let Some(values) = errors.take(values(&mark)) else {
                continue;
            };
            if found.is_some() {
                errors.at(
                    mark.span(),
                    "there is a second fallback argument: only one can take fallback values",
                );
                continue;
            }
            found = Some(Fallback {
                index,
                values: Values::Listed(values),
                span: mark.span(),
            });
        }
    }
    found
}

fn values(mark: &Attribute) -> syn::Result<Vec<Expr>> {
    const EMPTY: &str = "the list of fallback values is empty: give at least one value, as in `#[fallback(\"first\", \"second\")]`";
    if matches!(mark.meta, syn::Meta::Path(_)) {
        return Err(syn::Error::new(mark.span(), EMPTY));
    }
    let values = mark.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated)?;
    match values.is_empty() {
        true => Err(syn::Error::new(mark.span(), EMPTY)),
        false => Ok(values.into_iter().collect()),
    }
}

fn named(parameter: &Parameter, function: &Function) -> syn::Result<(usize, Span)> {
    let name = argument_name(parameter)?;
    let place = function
        .arguments
        .iter()
        .position(|argument| argument.known_as.as_deref() == Some(&name));
    match place {
        Some(index) => Ok((index, parameter.span())),
        None => {
            let names = function.known_names();
            Err(unknown_argument(
                parameter.span(),
                "arg_fallback",
                &name,
                &names,
            ))
        }
    }
}

/// An argument's name as the value of a parameter: in quotes or plain.
pub(crate) fn argument_name(parameter: &Parameter) -> syn::Result<String> {
    match &parameter.value {
        Some(Expr::Path(path)) if path.path.get_ident().is_some() => Ok(path
            .path
            .get_ident()
            .map(Ident::to_string)
            .unwrap_or_default()),
        _ => match parameter.text() {
            Ok(text) => Ok(text.value()),
            Err(_) => Err(parameter.error(
                "is not the name of an argument",
                "write it plainly, or in quotes",
            )),
        },
    }
}
