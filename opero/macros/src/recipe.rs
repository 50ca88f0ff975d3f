//! The call that stands in a decorated function's body: its recipe, put together from the parameters.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Expr, ExprLit, FnArg, Lit, parse_quote};

use crate::bytes::may_be_recorded;
use crate::errors::Errors;
use crate::fallback::{Fallback, Values};
use crate::mode::Mode;
use crate::outcome::Outcome;
use crate::parameters::{Parameter, Parameters};
use crate::reach::Reach;
use crate::scope::{Scope, hidden};
use crate::settings::{Keys, Rejecting, Settings};
use crate::signature::{Function, Kind};
use crate::spans::at;
use crate::worker::body_name;

/// Everything that the recipe depends on.
pub(crate) struct Plan<'a> {
    pub(crate) door: &'a TokenStream,
    pub(crate) function: &'a Function,
    pub(crate) parameters: &'a Parameters,
    pub(crate) settings: &'a Settings,
    pub(crate) fallback: Option<&'a Fallback>,
    pub(crate) has_item: bool,
    /// Where a map runs the function, as far as a literal says.
    pub(crate) mode: Mode,
    /// Can worker processes run it?
    pub(crate) reach: Reach,
}

impl<'a> Plan<'a> {
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope {
            door: self.door,
            arguments: &self.function.arguments,
            fallback: self.fallback,
            has_item: self.has_item,
            is_single: self.is_single(),
        }
    }

    /// Returns `true` if a call is executed once at most, and nothing but its key asks for its arguments.
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
            && self.parameters.given(&ASKING).next().is_none()
            && (!settings.cache || settings.keys == Keys::Local && settings.renewing.is_none())
    }

    /// The arguments of the generated signature, but for `self` and a map's items.
    pub(crate) fn inputs(&self, facade: &TokenStream, error: &TokenStream) -> Vec<FnArg> {
        let scope = self.scope();
        let others = scope
            .passed()
            .filter(|(argument, _)| argument.name != "self");
        let inputs = others.map(|(argument, is_list)| {
            let (attributes, name, ty) = (&argument.attributes, &argument.name, &argument.ty);
            match is_list {
                true => {
                    parse_quote!(#(#attributes)* #name: impl #facade::extend::types::FallbackValues<#ty, #error>)
                }
                false => parse_quote!(#(#attributes)* #name: #ty),
            }
        });
        inputs.collect()
    }

    /// The static with the function's stages.
    pub(crate) fn function_static(&self) -> TokenStream {
        let (door, name) = (self.door, self.function.item.sig.ident.to_string());
        let config = self.settings.config(door);
        let function = hidden("FUNCTION");
        // A function and no closure, which would be compiled twice.
        let configure = hidden("configure");
        // For those whose results may outlive the process: two of one name are found before either takes the other's.
        let lasts = self.settings.cache && self.settings.keys != Keys::Local
            || self.has_item && may_be_recorded(self.parameters);
        let registration =
            lasts.then(|| quote!(#door::inventory::submit! { #door::Registered(&#function) }));
        quote! {
            #config
            #registration
            static #function: #door::Function = #door::Function::new(
                #name,
                || {},
                #configure,
            );
        }
    }

    /// The adapter of the return type, chosen by the compiler.
    pub(crate) fn adapter(&self) -> TokenStream {
        let (door, output) = (self.door, &self.function.output);
        quote! {{
            use #door::{ReturnsAny as _, ReturnsResult as _};
            #door::returns::<#output>().adapter()
        }}
    }

    /// Demands that parameters about errors stand on a function that has them, each at its place.
    pub(crate) fn checks(&self) -> TokenStream {
        const ABOUT_ERRORS: [&str; 6] = [
            "retries",
            "retry_on",
            "retry_after",
            "max_elapsed",
            "arg_fallback",
            "fallback_on",
        ];
        let (door, adapter) = (self.door, hidden("adapter"));
        let given = self
            .parameters
            .given(&ABOUT_ERRORS)
            .filter(|parameter| !is_zero(parameter));
        let places = given.map(|parameter| (parameter.name.to_string(), parameter.name.span()));
        let marked = self
            .fallback
            .filter(|fallback| matches!(fallback.values, Values::Listed(_)))
            .map(|fallback| ("fallback".to_owned(), fallback.span));
        places
            .chain(marked)
            .map(|(name, place)| {
                let needs_result = format_ident!("needs_result_for_{name}");
                at(place, quote!(#door::#needs_result(&#adapter);))
            })
            .collect()
    }

    /// The same where the adapter is the one that tokens look like: what is wrong with the looks is said elsewhere.
    pub(crate) fn checks_beside_looks(&self) -> TokenStream {
        let (name, adapter, checks) = (hidden("adapter"), self.adapter(), self.checks());
        match checks.is_empty() {
            true => checks,
            false => quote!({ let #name = #adapter; #checks }),
        }
    }

    /// What becomes of a rejection, as an expression; it must stand before the arguments are moved.
    pub(crate) fn on_rejected(&self) -> TokenStream {
        let (door, adapter) = (self.door, hidden("adapter"));
        match self.rejecting() {
            Some(Rejecting::Backend(place)) => {
                return at(place, quote!(#door::rejects_by_backend(#adapter)));
            }
            Some(Rejecting::Other(place)) => return at(place, quote!(#door::rejects(#adapter))),
            None => {}
        }
        match self.fallback {
            Some(Fallback {
                index,
                values: Values::Passed,
                ..
            }) => {
                let argument = &self.function.arguments[*index];
                let (name, ty) = (&argument.name, &argument.ty);
                quote!(#adapter.list_rejects::<#ty, _>(&#name))
            }
            _ => quote!(#door::never_rejects(#adapter)),
        }
    }

    /// What the caller gets, as an expression.
    pub(crate) fn ending(&self) -> TokenStream {
        let (door, adapter, on_rejected) = (self.door, hidden("adapter"), hidden("on_rejected"));
        quote!(#door::Lowered { adapter: #adapter, on_rejected: #on_rejected })
    }

    /// Are there stages of the user's?
    pub(crate) fn has_stages(&self) -> bool {
        self.parameters
            .given(&["outside", "inside"])
            .next()
            .is_some()
    }

    /// What can make a stage reject a call.
    fn rejecting(&self) -> Option<Rejecting> {
        let cost = self
            .parameters
            .get("rate_cost")
            .filter(|cost| literal_cost(cost).is_none());
        let stages = self.parameters.given(&["outside", "inside"]);
        let others = cost.into_iter().chain(stages);
        let mut places = others.map(|parameter| Rejecting::Other(parameter.name.span()));
        self.settings.rejecting.or_else(|| places.next())
    }

    /// The recipe, up to the call itself.
    pub(crate) fn recipe(
        &self,
        error: &TokenStream,
        item: &TokenStream,
        bytes: Option<&TokenStream>,
        errors: &mut Errors,
    ) -> TokenStream {
        let door = self.door;
        let (function, adapter) = (hidden("function"), hidden("adapter"));
        let tuple = self.scope().tuple(error);
        let body = self.body(&quote!(#function, #adapter, #tuple));
        let (answers, share) = (self.answers(bytes, errors), self.share());
        let (outside, inside) = (self.stage("outside", errors), self.stage("inside", errors));
        let route = self.route(&quote!(#outside, #inside, #door::NoAnswers(#share)), errors);
        let renewing = self.renewing();
        let journaled = self.journaled(errors);
        let has_bytes = bytes.is_some() || self.has_stable_rate_key() || self.has_rates_of_values();
        let with_bytes = has_bytes.then(|| quote!(.with_bytes()));
        quote!(#door::Bodied::<_, _, #item, _>::#body.#route #answers #renewing #journaled #with_bytes)
    }

    fn body(&self, start: &TokenStream) -> TokenStream {
        let (shared, item, attempt) = (hidden("shared"), hidden("item"), hidden("attempt"));
        let (unpack, own) = (self.scope().unpack(), self.scope().own());
        let (block, output) = (&self.function.item.block, &self.function.output);
        let (hint, result) = (hidden("hint"), hidden("result"));
        let used = quote!(let _ = (#item, #attempt););
        if self.reach == Reach::Registered {
            return self.calling_body(start);
        }
        // Bound to a name before it is returned: what the last expression borrows of the arguments ends before they do,
        // in every edition.
        match &self.function.kind {
            Kind::Sync => quote! {
                synchronous(#start, move |#shared, #item, #attempt| -> #output {
                    #used #unpack #own
                    let #result: #output = #block;
                    #[allow(unreachable_code)]
                    #result
                })
            },
            Kind::Boxed(written) => quote! {
                asynchronous(#start, move |#shared, #item, #attempt| -> #written {
                    #used #unpack #own
                    let #result: #written = #block;
                    #[allow(unreachable_code)]
                    #result
                })
            },
            Kind::Async => {
                // The hint gives `return` and `?` the block's type, which no closure can be told.
                let future = quote! {
                    async move {
                        if let ::core::option::Option::Some(#hint) = ::core::option::Option::None::<#output> {
                            return #hint;
                        }
                        let #result: #output = #block;
                        #[allow(unreachable_code)]
                        #result
                    }
                };
                let future = match self.function.is_recursive() {
                    true => erased(&future, output),
                    false => future,
                };
                quote!(asynchronous(#start, move |#shared, #item, #attempt| { #used #unpack #own #future }))
            }
        }
    }

    /// The body where it is a function of its own: a call of that.
    fn calling_body(&self, start: &TokenStream) -> TokenStream {
        let (shared, item, attempt) = (hidden("shared"), hidden("item"), hidden("attempt"));
        let (unpack, output) = (self.scope().unpack(), &self.function.output);
        let (body, values) = (body_name(), self.scope().own_values().collect::<Vec<_>>());
        let used = quote!(let _ = (#item, #attempt););
        let call = quote!(#body(#(#values),*));
        match &self.function.kind {
            Kind::Sync => {
                quote!(synchronous(#start, move |#shared, #item, #attempt| -> #output { #used #unpack #call }))
            }
            Kind::Boxed(written) => {
                quote!(asynchronous(#start, move |#shared, #item, #attempt| -> #written { #used #unpack #call }))
            }
            Kind::Async => {
                let future = match self.function.is_recursive() {
                    true => erased(&call, output),
                    false => call,
                };
                quote!(asynchronous(#start, move |#shared, #item, #attempt| { #used #unpack #future }))
            }
        }
    }

    /// By its looks: can the function fail?
    pub(crate) fn fails(&self) -> bool {
        !matches!(
            Outcome::of(&self.function.output, self.door),
            Outcome::Plain
        )
    }

    fn stage(&self, name: &str, errors: &mut Errors) -> TokenStream {
        let door = self.door;
        let Some(parameter) = self.parameters.get(name) else {
            return quote!(#door::Absent);
        };
        match errors.take(stage(parameter)) {
            Some(stage) => quote!(#door::Present(&#stage)),
            None => TokenStream::new(),
        }
    }
}

/// The expression of `outside` or `inside`.
fn stage(parameter: &Parameter) -> syn::Result<&Expr> {
    let (problem, way_out) = match parameter.expression()? {
        Expr::Array(_) | Expr::Tuple(_) => (
            "is one stage",
            "put one around the other in a static, as in `static BOTH: opero::extend::Stack<Outer, Inner> = \
             opero::extend::Stack::new(Outer, Inner);`, and name that",
        ),
        Expr::Closure(_) | Expr::Lit(_) => (
            "is a stage, as which this cannot serve",
            "implement `opero::extend::Stage` for a type, and name a static or a unit struct of it",
        ),
        stage => return Ok(stage),
    };
    Err(parameter.error(problem, way_out))
}

/// A future whose type says nothing of what it awaits.
///
/// The future of a function that awaits itself would be `Send` only if it is `Send`, and the compiler follows that circle
/// through the stages until it gives up. Such a function boxes its future anyway.
fn erased(future: &TokenStream, output: &syn::Type) -> TokenStream {
    let erased = hidden("erased");
    quote! {
        let #erased: ::core::pin::Pin<::std::boxed::Box<
            dyn ::core::future::Future<Output = #output> + ::core::marker::Send + '_
        >> = ::std::boxed::Box::pin(#future);
        #erased
    }
}

/// A cost, or a number of retries, that is a literal.
fn literal_cost(parameter: &Parameter) -> Option<u64> {
    match &parameter.value {
        Some(Expr::Lit(ExprLit {
            lit: Lit::Int(int), ..
        })) => int.base10_parse().ok(),
        _ => None,
    }
}

fn is_zero(parameter: &Parameter) -> bool {
    parameter.name == "retries" && literal_cost(parameter) == Some(0)
}
