//! `handle`: two siblings of the function, `f_call` that binds it to its arguments, and `f_cache`,
//! its cache's handle. The function itself goes through `f_call`, since the closures of one
//! function alone make one key.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, parse_quote};

use super::function::{Parts, finished, head};
use super::result::{ResultTypes, checks_beside_looks, lowering};
use crate::decorated::Decorated;
use crate::errors::Errors;
use crate::parameters::Parameters;
use crate::settings::Settings;
use crate::spans::{at, hidden};
use crate::values::Value;

/// The parameter `handle`, given.
pub(crate) struct Handle {
    /// `handle = Self`: the function is an associated one without a `self`, which its tokens do not
    /// tell.
    associated: bool,
}

impl Handle {
    /// Reads `handle`.
    pub(crate) fn read(
        parameters: &Parameters,
        settings: &Settings,
        errors: &mut Errors,
    ) -> Option<Self> {
        let parameter = parameters.get("handle")?;
        let handle = match errors.take(parameter.value())? {
            Value::Flag(false) => return None,
            Value::Flag(true) => Self { associated: false },
            Value::Expression(syn::Expr::Path(path)) if path.path.is_ident("Self") => {
                Self { associated: true }
            }
            _ => {
                let way_out = "write `true`, or `Self` for an associated function without a `self`";
                errors.push(parameter.error("is neither `true` nor `Self`", way_out));
                return None;
            }
        };
        if !settings.cache {
            let message = match parameters.get("cache") {
                Some(_) => {
                    "`handle` is for the cache, which is off: remove `handle`, or `cache = false`"
                }
                None => {
                    "`handle` is for the cache, which is off for a function that returns `()`: remove `handle`, or add \
                     `cache = true`"
                }
            };
            errors.at(parameter.name.span(), message);
        }
        Some(handle)
    }

    /// The function and its siblings.
    pub(crate) fn expand(
        &self,
        decorated: &Decorated<'_>,
        facade: &TokenStream,
        inputs: Vec<FnArg>,
        parts: &Parts,
    ) -> TokenStream {
        let bound = self.bound(decorated, facade, inputs.clone(), parts);
        let cache = self.cache(decorated, facade, parts);
        let function = decorated.function;
        let name = &function.item.sig.ident;
        let callee = self.sibling(decorated, &format_ident!("{name}_call"), true);
        let generics = function.turbofish();
        let arguments = decorated.arguments();
        let arguments = arguments
            .passed()
            .map(|(argument, _)| &argument.name)
            .filter(|name| *name != "self");
        let call = finished(function, quote!(#callee #generics(#(#arguments),*).run()));
        let call = at(function.output.span(), call);
        let (head, signature) = head(function, inputs);
        quote!(#head #signature { #call } #bound #cache)
    }

    /// Returns the path by which the function calls a sibling.
    fn sibling(&self, decorated: &Decorated<'_>, name: &Ident, with_self: bool) -> TokenStream {
        match (&decorated.function.receiver, with_self) {
            (Some(receiver), true) => {
                let own = &receiver.self_token;
                quote!(#own.#name)
            }
            (Some(_), false) => quote!(Self::#name),
            (None, _) if self.associated => quote!(Self::#name),
            (None, _) => quote!(#name),
        }
    }

    fn bound(
        &self,
        decorated: &Decorated<'_>,
        facade: &TokenStream,
        inputs: Vec<FnArg>,
        parts: &Parts,
    ) -> TokenStream {
        let (runtime, function) = (decorated.runtime, decorated.function);
        let ItemFn { vis, sig, .. } = &function.item;
        let types = ResultTypes::of(decorated, facade);
        let (output, value, demand, read) = (
            &function.output,
            &types.value,
            &types.demand,
            &types.adapter,
        );
        let (kind, call, bind) = match function.is_async() {
            true => (quote!(CachedCall), quote!(BoundCall), quote!(bind)),
            false => (
                quote!(CachedSyncCall),
                quote!(BoundSyncCall),
                quote!(bind_sync),
            ),
        };
        let mut signature = sig.clone();
        signature.ident = format_ident!("{}_call", sig.ident);
        signature.asyncness = None;
        signature.inputs = inputs.into_iter().collect();
        let opaque = quote_spanned!(Span::mixed_site()=> impl);
        signature.output = parse_quote! {
            -> #facade::extend::types::#kind<#opaque #facade::extend::types::#call<Return = #output, Value = #value>>
        };
        let cache = self.sibling(decorated, &format_ident!("{}_cache", sig.ident), false);
        let (function_name, adapter, on_rejected_name) =
            (hidden("function"), hidden("adapter"), hidden("on_rejected"));
        let checks = checks_beside_looks(decorated);
        let Parts {
            on_rejected,
            builder,
            ..
        } = parts;
        let bind = at(output.span(), quote!(#runtime::#bind));
        let ending = lowering(decorated);
        let doc = format!(
            "A call of [`{0}`](fn@Self::{0}) to look up, refresh or invalidate.",
            sig.ident
        );
        let doc = match function.receiver.is_some() || self.associated {
            true => doc,
            false => doc.replace("fn@Self::", ""),
        };
        let conditions = conditions(&function.item);
        quote! {
            #(#conditions)*
            #[doc = #doc]
            #vis #signature {
                let #function_name = #cache().function();
                #demand
                let #adapter = #read;
                #checks
                let #on_rejected_name = #on_rejected;
                #bind(#builder, #ending)
            }
        }
    }

    fn cache(&self, decorated: &Decorated<'_>, facade: &TokenStream, parts: &Parts) -> TokenStream {
        let ItemFn { vis, sig, .. } = &decorated.function.item;
        let name = format_ident!("{}_cache", sig.ident);
        let doc = format!("The cache of `{}`.", sig.ident);
        let (function_static, function) = (&parts.function_static, hidden("FUNCTION"));
        let conditions = conditions(&decorated.function.item);
        quote! {
            #(#conditions)*
            #[doc = #doc]
            #[must_use]
            #vis fn #name() -> #facade::CacheHandle {
                #function_static
                #facade::CacheHandle::of(&#function)
            }
        }
    }
}

/// What decides whether the function is there at all, and what it warns of, holds for its siblings
/// too.
fn conditions(item: &ItemFn) -> impl Iterator<Item = &syn::Attribute> {
    let names = ["cfg", "cfg_attr", "allow", "expect", "deprecated"];
    item.attrs
        .iter()
        .filter(move |attribute| names.iter().any(|name| attribute.path().is_ident(name)))
}
