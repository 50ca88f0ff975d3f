//! `#[opero]`: the function keeps its name and signature, and its body becomes a call through the pipeline.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, parse_quote};

use crate::checks;
use crate::crate_path::facade;
use crate::errors::Errors;
use crate::fallback::Fallback;
use crate::handle::Handle;
use crate::mode::Mode;
use crate::outcome::error_for_lists;
use crate::parameters::{OPERO, OPEROMAP, Parameters};
use crate::reach::Reach;
use crate::recipe::Plan;
use crate::scope::hidden;
use crate::settings::Settings;
use crate::signature::{Function, Kind};
use crate::spans::at;

/// The expansion, or every error that the macro itself can see.
pub(crate) fn expand(parameters: &Parameters, item: ItemFn) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    parameters.check_names(OPERO, OPEROMAP, "operomap", &mut errors);
    let facade = facade(parameters);
    let door = quote!(#facade::__private);
    let mut function = Function::read(item, &mut errors);
    let mut settings = Settings::read(parameters, &function.output, &mut errors);
    let fallback = Fallback::read(&mut function, parameters, &mut errors);
    checks::check(
        &function,
        parameters,
        &mut settings,
        fallback.as_ref(),
        false,
        &mut errors,
    );
    let plan = Plan {
        door: &door,
        function: &function,
        parameters,
        settings: &settings,
        fallback: fallback.as_ref(),
        has_item: false,
        mode: Mode::Here,
        reach: Reach::Asked,
    };
    let error = error_for_lists(&function.output, &facade, &door);
    let recipe = plan.recipe(&error, &quote!(()), None, &mut errors);
    let own = function
        .receiver
        .iter()
        .map(|receiver| FnArg::Receiver(receiver.clone()));
    let inputs = own.chain(plan.inputs(&facade, &error)).collect();
    let handle = Handle::read(parameters, &settings, &mut errors);
    let (function_static, adapter, checks, on_rejected) = (
        plan.function_static(),
        plan.adapter(),
        plan.checks(),
        plan.on_rejected(),
    );
    errors.finish()?;

    let parts = Parts {
        function_static,
        adapter,
        checks,
        on_rejected,
        recipe,
    };
    match handle {
        Some(handle) => Ok(handle.expand(&plan, &facade, inputs, &parts)),
        None => Ok(alone(&plan, inputs, &parts)),
    }
}

/// What stands in the body of a decorated function.
pub(crate) struct Parts {
    pub(crate) function_static: TokenStream,
    pub(crate) adapter: TokenStream,
    pub(crate) checks: TokenStream,
    pub(crate) on_rejected: TokenStream,
    pub(crate) recipe: TokenStream,
}

fn alone(plan: &Plan<'_>, inputs: Vec<FnArg>, parts: &Parts) -> TokenStream {
    let (door, function) = (plan.door, plan.function);
    let (recipe_name, ending) = (hidden("recipe"), plan.ending());
    let call = match (function.is_async(), plan.has_stages()) {
        (true, false) => quote! {
            #door::call(#door::Own(#recipe_name), (), ::core::option::Option::None, #ending)
        },
        (false, false) => quote!(#door::call_sync(&#recipe_name, &(), #ending)),
        (true, true) => quote!(#door::call_placed(#recipe_name, #ending)),
        (false, true) => quote!(#door::call_placed_sync(&#recipe_name, #ending)),
    };
    let call = finished(function, call);
    // What the compiler finds wrong with the types of the whole is about the result.
    let call = at(function.output.span(), call);
    let (adapter_name, on_rejected_name) = (hidden("adapter"), hidden("on_rejected"));
    let (function_name, static_name) = (hidden("function"), hidden("FUNCTION"));
    let Parts {
        function_static,
        adapter,
        checks,
        on_rejected,
        recipe,
    } = parts;
    let (head, signature) = head(function, inputs);
    quote! {
        #head #signature {
            #function_static
            let #function_name = &#static_name;
            let #adapter_name = #adapter;
            #checks
            let #on_rejected_name = #on_rejected;
            let #recipe_name = #recipe;
            #call
        }
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
        // The hygiene of `impl` decides its edition: this one captures every lifetime, also in a crate of edition 2021.
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
