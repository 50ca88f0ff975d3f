//! `cache_key`, `rate_key` and `rate_cost`: what they make of the arguments. The last two see the
//! fallback value that executes.
//!
//! A closure's body is put in place with its parameters bound before it, so that it need not write
//! types: a closure that is called at once would have to.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Expr, ExprClosure, Pat, PatType};

use super::arguments::Arguments;
use crate::errors::Errors;
use crate::fallback::argument_name;
use crate::parameters::{Parameter, unknown_argument};
use crate::receiver::{ReplaceSelf, own_name};
use crate::signature::Function;

/// What a key is made for, and so what it sees of the fallback argument.
#[derive(Clone, Copy)]
enum Sight {
    /// A call: the list that was passed.
    Call,
    /// An attempt: the value that executes.
    Attempt,
}

/// The value of a parameter that is a closure, a path to a function, or something else over the
/// arguments of a call.
pub(crate) fn apply(arguments: &Arguments<'_>, parameter: &Parameter) -> syn::Result<TokenStream> {
    apply_to(arguments, Sight::Call, parameter)
}

/// The same over the arguments of an attempt.
pub(crate) fn apply_to_attempt(
    arguments: &Arguments<'_>,
    parameter: &Parameter,
) -> syn::Result<TokenStream> {
    apply_to(arguments, Sight::Attempt, parameter)
}

fn argument(arguments: &Arguments<'_>, sight: Sight, index: usize) -> Option<TokenStream> {
    match sight {
        Sight::Call => arguments.seen(index),
        Sight::Attempt => Some(arguments.attempted(index)),
    }
}

fn apply_to(
    arguments: &Arguments<'_>,
    sight: Sight,
    parameter: &Parameter,
) -> syn::Result<TokenStream> {
    match parameter.expression()? {
        Expr::Closure(closure) => apply_closure(arguments, sight, parameter, closure),
        Expr::Path(path) => {
            let indices = arguments.plain().into_iter();
            let seen = indices.filter_map(|index| argument(arguments, sight, index));
            Ok(quote!(#path(#(#seen),*)))
        }
        other => Err(syn::Error::new(
            other.span(),
            format!(
                "`{}` is a closure over the arguments, as in `|first, second| …`, or the path of a function",
                parameter.name
            ),
        )),
    }
}

/// `rate_key`: also the plain name of an argument, or its name in quotes.
pub(crate) fn rate_key(
    arguments: &Arguments<'_>,
    parameter: &Parameter,
    function: &Function,
) -> syn::Result<TokenStream> {
    let Ok(name) = argument_name(parameter) else {
        return apply_to_attempt(arguments, parameter);
    };
    let index = index_of(arguments, &name).ok_or_else(|| {
        unknown_argument(parameter.span(), "rate_key", &name, &function.known_names())
    })?;
    Ok(arguments.attempted(index))
}

fn index_of(arguments: &Arguments<'_>, name: &str) -> Option<usize> {
    arguments
        .all
        .iter()
        .position(|argument| argument.known_as.as_deref() == Some(name))
}

fn seen_or_rejected(
    arguments: &Arguments<'_>,
    sight: Sight,
    index: usize,
    parameter: &Parameter,
) -> syn::Result<TokenStream> {
    argument(arguments, sight, index).ok_or_else(|| {
        let name = &arguments.all[index].name;
        let problem = format!("depends on `{name}`, which takes its values from `#[fallback(…)]` and is the same for every call");
        parameter.error(&problem, "leave that argument out")
    })
}

fn apply_closure(
    arguments: &Arguments<'_>,
    sight: Sight,
    parameter: &Parameter,
    closure: &ExprClosure,
) -> syn::Result<TokenStream> {
    let inputs: Vec<_> = closure.inputs.iter().collect();
    let by_name: Option<Vec<usize>> = inputs
        .iter()
        .map(|input| index_of(arguments, &name_of(input)?))
        .collect();
    let indices = match by_name {
        Some(indices) => indices,
        // All of them, in order, under any pattern.
        None if inputs.len() == arguments.plain().len() => arguments.plain(),
        None => return Err(wrong_inputs(arguments, parameter, &inputs)),
    };
    let mut bindings = TokenStream::new();
    for (input, index) in inputs.into_iter().zip(indices) {
        let seen = seen_or_rejected(arguments, sight, index, parameter)?;
        bindings.extend(quote!(let #input = #seen;));
    }
    let body = with_own_self(arguments, &closure.body, &mut bindings)?;
    Ok(quote!({ #bindings #body }))
}

/// The body of a closure. A `self` in it that the method takes by value is among the arguments,
/// under another name.
fn with_own_self(
    arguments: &Arguments<'_>,
    body: &Expr,
    bindings: &mut TokenStream,
) -> syn::Result<Expr> {
    let mut body = body.clone();
    let own = arguments
        .all
        .iter()
        .position(|argument| argument.name == "self");
    if let Some(index) = own
        && let Some(seen) = arguments.seen(index)
    {
        let (mut errors, span) = (Errors::default(), arguments.all[index].span);
        let own = own_name(span);
        ReplaceSelf::new(span, &mut errors).visit_expr_mut(&mut body);
        errors.finish()?;
        bindings.extend(quote!(#[allow(unused_variables)] let #own = #seen;));
    }
    Ok(body)
}

fn wrong_inputs(arguments: &Arguments<'_>, parameter: &Parameter, inputs: &[&Pat]) -> syn::Error {
    let names: Vec<_> = arguments
        .all
        .iter()
        .filter_map(|argument| argument.known_as.clone())
        .collect();
    let stranger = inputs.iter().find(|input| {
        name_of(input)
            .and_then(|name| index_of(arguments, &name))
            .is_none()
    });
    let span = stranger.map_or_else(|| parameter.span(), |input| input.span());
    let name = stranger
        .and_then(|input| name_of(input))
        .unwrap_or_else(|| "a pattern".to_owned());
    unknown_argument(span, &parameter.name.to_string(), &name, &names)
}

fn name_of(input: &Pat) -> Option<String> {
    match input {
        Pat::Ident(ident) => Some(ident.ident.to_string()),
        Pat::Type(PatType { pat, .. }) => name_of(pat),
        _ => None,
    }
}
