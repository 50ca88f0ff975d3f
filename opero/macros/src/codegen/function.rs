//! The signature of the generated function, and the static that holds its stages.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, parse_quote};

use crate::decorated::Decorated;
use crate::records::may_be_recorded;
use crate::settings::Keys;
use crate::signature::{Function, Kind};
use crate::spans::{at, hidden};

/// What stands in the body of a decorated function.
pub(crate) struct Parts {
    pub(crate) function_static: TokenStream,
    pub(crate) adapter: TokenStream,
    pub(crate) checks: TokenStream,
    pub(crate) on_rejected: TokenStream,
    pub(crate) builder: TokenStream,
}

/// The arguments of the generated signature, but for `self` and a map's items.
pub(crate) fn inputs(
    decorated: &Decorated<'_>,
    facade: &TokenStream,
    error: &TokenStream,
) -> Vec<FnArg> {
    let arguments = decorated.arguments();
    let others = arguments
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
pub(crate) fn function_static(decorated: &Decorated<'_>) -> TokenStream {
    let (runtime, name) = (
        decorated.runtime,
        decorated.function.item.sig.ident.to_string(),
    );
    let config = decorated.settings.config(runtime);
    let function = hidden("FUNCTION");
    // A function and no closure, which would be compiled twice.
    let configure = hidden("configure");
    // For those whose results may outlive the process: two of one name are found before either
    // takes the other's.
    let lasts = decorated.settings.cache && decorated.settings.keys != Keys::Local
        || decorated.has_item && may_be_recorded(decorated.parameters);
    let registration =
        lasts.then(|| quote!(#runtime::inventory::submit! { #runtime::Registered(&#function) }));
    quote! {
        #config
        #registration
        static #function: #runtime::Function = #runtime::Function::new(
            #name,
            || {},
            #configure,
        );
    }
}

/// What the body ends with: the call, boxed or awaited as the generated signature wants it.
pub(crate) fn finished(function: &Function, call: TokenStream) -> TokenStream {
    match &function.kind {
        Kind::Boxed(_) => quote!(::std::boxed::Box::pin(#call)),
        Kind::Async if function.is_read_by_macros() => quote!(#call.await),
        _ => call,
    }
}

/// Attributes and visibility, and the generated signature.
pub(crate) fn head(function: &Function, inputs: Vec<FnArg>) -> (TokenStream, TokenStream) {
    let ItemFn { attrs, vis, .. } = &function.item;
    let mut signature = function.item.sig.clone();
    signature.inputs = inputs.into_iter().collect();
    let mut allowed = TokenStream::new();
    // A macro that is expanded after this one knows an async function by that word.
    if matches!(function.kind, Kind::Async) && !function.is_read_by_macros() {
        let output = &function.output;
        signature.asyncness = None;
        // The hygiene of `impl` decides its edition: this one captures every lifetime, also in a
        // crate of edition 2021.
        let opaque = quote_spanned!(Span::mixed_site()=> impl);
        let future =
            quote!(#opaque ::core::future::Future<Output = #output> + ::core::marker::Send);
        let future = at(output.span(), future);
        signature.output = parse_quote!(-> #future);
        // A method of a trait may be declared `async fn`, which promises less than this signature.
        allowed = quote!(#[allow(refining_impl_trait, clippy::manual_async_fn)]);
    }
    (quote!(#(#attrs)* #allowed #vis), quote!(#signature))
}
