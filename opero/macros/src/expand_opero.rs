//! `#[opero]`: the function keeps its name and signature, and its body becomes a call through the
//! pipeline.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn};

use crate::checks;
use crate::codegen::builder::call_builder;
use crate::codegen::function::{Parts, finished, function_static, head, inputs};
use crate::codegen::handle::Handle;
use crate::codegen::result::{adapter, checks, lowering, on_rejected};
use crate::crate_path::facade;
use crate::decorated::Decorated;
use crate::errors::Errors;
use crate::fallback::Fallback;
use crate::mode::Mode;
use crate::outcome::error_for_lists;
use crate::parameters::Parameters;
use crate::settings::Settings;
use crate::signature::Function;
use crate::spans::{at, hidden};
use crate::worker_support::WorkerSupport;

/// The expansion, or every error that the macro itself can see.
pub(crate) fn expand(parameters: &Parameters, item: ItemFn) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    parameters.check_of_opero(&mut errors);
    let facade = facade(parameters);
    let runtime = quote!(#facade::__private);
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
    let decorated = Decorated {
        runtime: &runtime,
        function: &function,
        parameters,
        settings: &settings,
        fallback: fallback.as_ref(),
        has_item: false,
        mode: Mode::Here,
        worker_support: WorkerSupport::NotRequested,
    };
    let error = error_for_lists(&function.output, &facade, &runtime);
    let builder = call_builder(&decorated, &error, &quote!(()), None, &mut errors);
    let own = function
        .receiver
        .iter()
        .map(|receiver| FnArg::Receiver(receiver.clone()));
    let inputs = own.chain(inputs(&decorated, &facade, &error)).collect();
    let handle = Handle::read(parameters, &settings, &mut errors);
    let (function_static, adapter, checks, on_rejected) = (
        function_static(&decorated),
        adapter(&decorated),
        checks(&decorated),
        on_rejected(&decorated),
    );
    errors.finish()?;

    let parts = Parts {
        function_static,
        adapter,
        checks,
        on_rejected,
        builder,
    };
    match handle {
        Some(handle) => Ok(handle.expand(&decorated, &facade, inputs, &parts)),
        None => Ok(alone(&decorated, inputs, &parts)),
    }
}

fn alone(decorated: &Decorated<'_>, inputs: Vec<FnArg>, parts: &Parts) -> TokenStream {
    let (runtime, function) = (decorated.runtime, decorated.function);
    let (builder_name, ending) = (hidden("builder"), lowering(decorated));
    let call = match (function.is_async(), decorated.has_stages()) {
        (true, false) => quote! {
            #runtime::call(#runtime::Own(#builder_name), (), ::core::option::Option::None, #ending)
        },
        (false, false) => quote!(#runtime::call_sync(&#builder_name, &(), #ending)),
        (true, true) => quote!(#runtime::call_with_stages(#builder_name, #ending)),
        (false, true) => quote!(#runtime::call_with_stages_sync(&#builder_name, #ending)),
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
        builder,
    } = parts;
    let (head, signature) = head(function, inputs);
    quote! {
        #head #signature {
            #function_static
            let #function_name = &#static_name;
            let #adapter_name = #adapter;
            #checks
            let #on_rejected_name = #on_rejected;
            let #builder_name = #builder;
            #call
        }
    }
}
