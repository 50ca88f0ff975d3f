//! `#[operomap]`: the first argument becomes the items, and the function returns a run over them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, ItemFn, Type, parse_quote};

use crate::checks;
use crate::codegen::builder::call_builder;
use crate::codegen::bytes::call_bytes;
use crate::codegen::function::{function_static, inputs};
use crate::codegen::outcomes::record_demands;
use crate::codegen::result::{ResultTypes, checks_beside_looks};
use crate::codegen::worker::{registration, travel_demands};
use crate::crate_path::facade;
use crate::decorated::Decorated;
use crate::errors::Errors;
use crate::fallback::Fallback;
use crate::lifetimes::name_elided;
use crate::map_settings;
use crate::mode::Mode;
use crate::parameters::Parameters;
use crate::records::{may_be_recorded, reject_references};
use crate::settings::Settings;
use crate::signature::Function;
use crate::spans::{at, hidden};
use crate::worker_support::WorkerSupport;

/// The expansion, or every error that the macro itself can see.
pub(crate) fn expand(parameters: &Parameters, item: ItemFn) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    parameters.check_of_operomap(&mut errors);
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
        true,
        &mut errors,
    );
    let map_config =
        map_settings::read(parameters, &function, &mut settings, &runtime, &mut errors);
    let Some(place) = item_place(&function, fallback.as_ref(), &mut errors) else {
        return errors.finish().map(|()| TokenStream::new());
    };
    reject_instrument(&function, &mut errors);
    name_item_lifetimes(&mut function, place);
    let mode = Mode::of(parameters);
    let worker_support = WorkerSupport::of(&function, mode, &mut errors);
    if cfg!(feature = "map-process") && mode == Mode::Processes {
        const WHAT: &str = "results come back from a worker process as bytes";
        reject_references(&function, WHAT, &mut errors);
    } else if may_be_recorded(parameters) {
        reject_references(&function, "results are recorded as bytes", &mut errors);
    }
    let decorated = Decorated {
        runtime: &runtime,
        function: &function,
        parameters,
        settings: &settings,
        fallback: fallback.as_ref(),
        has_item: true,
        mode,
        worker_support,
    };
    let item = function.arguments[place].ty.to_token_stream();
    // The results of a run hold rejections by themselves, whatever the function's error is.
    let result = ResultTypes::of(&decorated, &facade);
    let bytes = call_bytes(&decorated, &result.adapter);
    let error = quote!(#runtime::Anything);
    let builder = call_builder(&decorated, &error, &item, bytes.as_ref(), &mut errors);
    let (function_static, checks) = (function_static(&decorated), checks_beside_looks(&decorated));
    let registration = registration(&decorated, &result.value, &result.error);
    errors.finish()?;

    let demands = [
        travel_demands(&decorated, &result.value, &result.error),
        record_demands(&decorated, &result.value, &result.error),
    ];
    let output_span = function.output.span();
    let (adapter, read) = (hidden("adapter"), &result.adapter);
    let (items, config, demand) = (items_name(), hidden("config"), &result.demand);
    let builder_name = hidden("builder");
    // What the compiler finds wrong with the types of the whole is about the result.
    let over = at(
        output_span,
        quote!(#runtime::over(#builder_name, #items, #config)),
    );
    let (function_name, static_name) = (hidden("function"), hidden("FUNCTION"));
    let (head, signature) = head(&decorated, &facade, &item, &result);
    Ok(quote! {
        #head #signature {
            #function_static
            #registration
            let #function_name = &#static_name;
            #demand
            #(#demands)*
            let #adapter = #read;
            #checks
            let #config = #map_config;
            let #builder_name = #builder;
            #over
        }
    })
}

fn item_place(
    function: &Function,
    fallback: Option<&Fallback>,
    errors: &mut Errors,
) -> Option<usize> {
    let place = function
        .arguments
        .iter()
        .position(|argument| argument.name != "self");
    match place {
        None => errors.at(
            function.item.sig.paren_token.span.join(),
            "a map takes its items as the function's first argument: add one",
        ),
        Some(place) => {
            let argument = &function.arguments[place];
            if let Some(fallback) = fallback.filter(|fallback| fallback.index == place) {
                errors.at(
                    fallback.span,
                    "the first argument is the item, which cannot be the fallback argument too: put the item first, or \
                     use `#[opero]`",
                );
            }
            if let Type::ImplTrait(ty) = &argument.ty {
                errors.at(ty.span(), "the item cannot be `impl Trait`, since all items have one type: name it, or make the function generic");
            }
        }
    }
    place
}

/// Rejects an `#[instrument]` that would see how a run is made, and none of its items.
fn reject_instrument(function: &Function, errors: &mut Errors) {
    for attribute in &function.item.attrs {
        let name = attribute.path().segments.last();
        if name.is_some_and(|name| name.ident == "instrument") {
            errors.at(
                attribute.path().span(),
                "below `#[operomap]` this would be a span around the making of a run, not around its items: put it above \
                 `#[operomap]`, where each execution of the function has its span",
            );
        }
    }
}

/// The item's type stands in bounds, where no lifetime may be left out. Results may borrow from the
/// item.
fn name_item_lifetimes(function: &mut Function, place: usize) {
    let generics = &mut function.item.sig.generics;
    let before = generics.params.len();
    name_elided(&mut function.arguments[place].ty, "of_item", generics);
    if generics.params.len() > before && !function.shares_self {
        name_elided(&mut function.output, "of_item", &mut generics.clone());
    }
}

/// The name of the generated function's items; its hygiene keeps it apart from a user's argument of
/// that name.
fn items_name() -> Ident {
    Ident::new("items", Span::mixed_site())
}

/// Attributes and visibility, and the generated signature.
fn head(
    decorated: &Decorated<'_>,
    facade: &TokenStream,
    item: &TokenStream,
    result: &ResultTypes,
) -> (TokenStream, TokenStream) {
    let function = decorated.function;
    let ItemFn { attrs, vis, .. } = &function.item;
    let (items, source) = (items_name(), hidden("Items"));
    let own = function
        .receiver
        .iter()
        .map(|receiver| FnArg::Receiver(receiver.clone()));
    let first = std::iter::once(parse_quote!(#items: #source));
    let inputs = own.chain(first).chain(inputs(
        decorated,
        facade,
        &quote!(#facade::__private::Anything),
    ));
    let mut signature = function.item.sig.clone();
    signature.inputs = inputs.collect();
    signature.asyncness = None;
    signature.generics.params.push(parse_quote!(#source));
    let bound = parse_quote!(#source: #facade::map::IntoSource<#item>);
    signature
        .generics
        .make_where_clause()
        .predicates
        .push(bound);
    let ResultTypes { value, error, .. } = result;
    // As for `#[opero]`: this `impl` captures every lifetime, in every edition. And all of it is
    // located where the call in the body is: what the compiler says twice of one place it shows
    // once.
    let place = function.output.span();
    let opaque = at(place, quote_spanned!(Span::mixed_site()=> impl));
    let close = at(place, quote!(>));
    let run = at(place, quote!(-> #facade::map::Run<));
    signature.output = parse_quote! {
        #run
            <#source as #facade::map::IntoSource<#item>>::Source,
            #opaque #facade::map::Job<#item, Output = #value, Error = #error #close
        #close
    };
    (quote!(#(#attrs)* #vis), quote!(#signature))
}
