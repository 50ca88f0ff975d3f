//! `cache_key`, `rate_key` and `rate_cost`: what they make of the arguments. The last two see the fallback value that executes.
//!
//! A closure's body is put in place with its parameters bound before it, so that it need not write types: a closure
//! that is called at once would have to.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Expr, ExprClosure, Pat, PatType};

use crate::errors::Errors;
use crate::fallback::argument_name;
use crate::parameters::{Parameter, unknown_argument};
use crate::receiver::{ReplaceSelf, own_name};
use crate::scope::Scope;
use crate::signature::Function;

/// What a key is made for, and so what it sees of the fallback argument.
#[derive(Clone, Copy)]
enum Sight {
    /// A call: the list that was passed.
    Call,
    /// An attempt: the value that executes.
    Attempt,
}

impl Scope<'_> {
    /// The value of a parameter that is a closure, a path to a function, or something else over the arguments of a call.
    pub(crate) fn apply(&self, parameter: &Parameter) -> syn::Result<TokenStream> {
        self.apply_to(Sight::Call, parameter)
    }

    /// The same over the arguments of an attempt.
    pub(crate) fn apply_to_attempt(&self, parameter: &Parameter) -> syn::Result<TokenStream> {
        self.apply_to(Sight::Attempt, parameter)
    }

    fn argument(&self, sight: Sight, index: usize) -> Option<TokenStream> {
        match sight {
            Sight::Call => self.seen(index),
            Sight::Attempt => Some(self.attempted(index)),
        }
    }

    fn apply_to(&self, sight: Sight, parameter: &Parameter) -> syn::Result<TokenStream> {
        match parameter.expression()? {
            Expr::Closure(closure) => self.apply_closure(sight, parameter, closure),
            Expr::Path(path) => {
                let indices = self.plain().into_iter();
                let seen = indices.filter_map(|index| self.argument(sight, index));
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
        &self,
        parameter: &Parameter,
        function: &Function,
    ) -> syn::Result<TokenStream> {
        let Ok(name) = argument_name(parameter) else {
            return self.apply_to_attempt(parameter);
        };
        let index = self.index_of(&name).ok_or_else(|| {
            unknown_argument(parameter.span(), "rate_key", &name, &function.known_names())
        })?;
        Ok(self.attempted(index))
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        self.arguments
            .iter()
            .position(|argument| argument.known_as.as_deref() == Some(name))
    }

    fn seen_or_rejected(
        &self,
        sight: Sight,
        index: usize,
        parameter: &Parameter,
    ) -> syn::Result<TokenStream> {
        self.argument(sight, index).ok_or_else(|| {
            let name = &self.arguments[index].name;
            let problem = format!("depends on `{name}`, which takes its values from `#[fallback(…)]` and is the same for every call");
            parameter.error(&problem, "leave that argument out")
        })
    }

    fn apply_closure(
        &self,
        sight: Sight,
        parameter: &Parameter,
        closure: &ExprClosure,
    ) -> syn::Result<TokenStream> {
        let inputs: Vec<_> = closure.inputs.iter().collect();
        let by_name: Option<Vec<usize>> = inputs
            .iter()
            .map(|input| self.index_of(&name_of(input)?))
            .collect();
        let indices = match by_name {
            Some(indices) => indices,
            // All of them, in order, under any pattern.
            None if inputs.len() == self.plain().len() => self.plain(),
            None => return Err(self.wrong_inputs(parameter, &inputs)),
        };
        let mut bindings = TokenStream::new();
        for (input, index) in inputs.into_iter().zip(indices) {
            let seen = self.seen_or_rejected(sight, index, parameter)?;
            bindings.extend(quote!(let #input = #seen;));
        }
        let body = self.with_own_self(&closure.body, &mut bindings)?;
        Ok(quote!({ #bindings #body }))
    }

    /// The body of a closure. A `self` in it that the method takes by value is among the arguments, under another name.
    fn with_own_self(&self, body: &Expr, bindings: &mut TokenStream) -> syn::Result<Expr> {
        let mut body = body.clone();
        let own = self
            .arguments
            .iter()
            .position(|argument| argument.name == "self");
        if let Some(index) = own
            && let Some(seen) = self.seen(index)
        {
            let (mut errors, span) = (Errors::default(), self.arguments[index].span);
            let own = own_name(span);
            ReplaceSelf::new(span, &mut errors).visit_expr_mut(&mut body);
            errors.finish()?;
            bindings.extend(quote!(#[allow(unused_variables)] let #own = #seen;));
        }
        Ok(body)
    }

    fn wrong_inputs(&self, parameter: &Parameter, inputs: &[&Pat]) -> syn::Error {
        let names: Vec<_> = self
            .arguments
            .iter()
            .filter_map(|argument| argument.known_as.clone())
            .collect();
        let stranger = inputs.iter().find(|input| {
            name_of(input)
                .and_then(|name| self.index_of(&name))
                .is_none()
        });
        let span = stranger.map_or_else(|| parameter.span(), |input| input.span());
        let name = stranger
            .and_then(|input| name_of(input))
            .unwrap_or_else(|| "a pattern".to_owned());
        unknown_argument(span, &parameter.name.to_string(), &name, &names)
    }
}

fn name_of(input: &Pat) -> Option<String> {
    match input {
        Pat::Ident(ident) => Some(ident.ident.to_string()),
        Pat::Type(PatType { pat, .. }) => name_of(pat),
        _ => None,
    }
}
