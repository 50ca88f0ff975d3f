#![doc = include_str!("../README.md")]

mod attributes;
mod checks;
mod codegen;
mod crate_path;
mod decorated;
mod entry;
mod errors;
mod expand_map;
mod expand_opero;
mod fallback;
mod fixed;
mod lifetimes;
mod map_settings;
mod mode;
mod on_error;
mod outcome;
mod parameters;
mod receiver;
mod records;
mod recursion;
mod self_type;
mod settings;
mod signature;
mod spans;
mod values;
mod worker_support;

use proc_macro::TokenStream;
use quote::{ToTokens, quote};
use syn::{ItemFn, TraitItemFn};

use parameters::Parameters;

#[doc = include_str!("../docs/opero.md")]
#[proc_macro_attribute]
pub fn opero(parameters: TokenStream, item: TokenStream) -> TokenStream {
    decorate("opero", parameters, item, expand_opero::expand)
}

#[doc = include_str!("../docs/operomap.md")]
#[proc_macro_attribute]
pub fn operomap(parameters: TokenStream, item: TokenStream) -> TokenStream {
    if cfg!(not(feature = "map")) {
        let message = "`#[operomap]` needs maps, which are not compiled in: enable the Cargo feature `map` of the \
                       crate `opero`";
        return missing(message, item);
    }
    decorate("operomap", parameters, item, expand_map::expand)
}

#[doc = include_str!("../docs/main.md")]
#[proc_macro_attribute]
pub fn main(parameters: TokenStream, item: TokenStream) -> TokenStream {
    if cfg!(not(feature = "map-process")) {
        let message = "`#[opero::main]` is where worker processes begin, which are not compiled in: enable the Cargo feature \
                       `map-process` of the crate `opero`, or remove it";
        return missing(message, item);
    }
    let parsed = syn::parse::<ItemFn>(item.clone());
    let Ok(function) = parsed else {
        return missing("`#[opero::main]` goes on `fn main`", item);
    };
    let result = syn::parse(parameters).and_then(|parameters| entry::expand(&parameters, function));
    match result {
        Ok(main) => main.into(),
        Err(error) => [error.into_compile_error().into(), item]
            .into_iter()
            .collect(),
    }
}

/// What is missing for an attribute, beside what it stands on.
fn missing(message: &str, item: TokenStream) -> TokenStream {
    let error = syn::Error::new(proc_macro2::Span::call_site(), message);
    [error.into_compile_error().into(), item]
        .into_iter()
        .collect()
}

fn decorate(
    name: &str,
    parameters: TokenStream,
    item: TokenStream,
    expand: fn(&Parameters, ItemFn) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let item: ItemFn = match syn::parse(item.clone()) {
        Ok(item) => item,
        Err(error) => return not_a_function(error, item),
    };
    let written = proc_macro2::TokenStream::from(parameters.clone());
    let result = syn::parse(parameters).and_then(|parameters| match attributes::split(&item) {
        Some(split) => {
            let facade = crate_path::facade(&parameters);
            let name = proc_macro2::Ident::new(name, proc_macro2::Span::call_site());
            Ok(split.expand(&quote!(#facade::#name(#written))))
        }
        None => expand(&parameters, item.clone()),
    });
    result
        .unwrap_or_else(|error| beside_original(error, item))
        .into()
}

/// A better word than the parser's, where what is there is known.
fn not_a_function(error: syn::Error, item: TokenStream) -> TokenStream {
    let message = match syn::parse::<TraitItemFn>(item.clone()) {
        Ok(_) => {
            "there is no body to decorate: put the attribute on the implementations of this method"
        }
        Err(_) if syn::parse::<syn::Item>(item.clone()).is_ok() => {
            "the attribute goes on a function or a method: put it on each of those to decorate"
        }
        // A body that is being typed: its own error is the compiler's to tell.
        Err(_) => {
            return [error.into_compile_error().into(), item]
                .into_iter()
                .collect();
        }
    };
    let error = syn::Error::new_spanned(proc_macro2::TokenStream::from(item.clone()), message);
    [error.into_compile_error().into(), item]
        .into_iter()
        .collect()
}

/// The errors, and the function with its own signature, so that nothing that uses it is an error
/// too: an argument with `#[fallback(…)]`, which callers do not pass, becomes a name in the body.
fn beside_original(error: syn::Error, mut item: ItemFn) -> proc_macro2::TokenStream {
    let mut listed = Vec::new();
    for input in std::mem::take(&mut item.sig.inputs) {
        match input {
            syn::FnArg::Typed(typed) if typed.attrs.iter().any(is_fallback) => listed.push(typed),
            other => item.sig.inputs.push(other),
        }
    }
    for syn::PatType { pat, ty, .. } in &listed {
        let name = syn::parse_quote!(let #pat: #ty = loop {};);
        item.block.stmts.insert(0, name);
    }
    let quiet = (!listed.is_empty()).then(|| {
        quote!(#[allow(unreachable_code, unused_variables, unused_assignments, unused_mut, clippy::all)])
    });
    let error = error.into_compile_error();
    let item = item.into_token_stream();
    quote!(#error #quiet #item)
}

fn is_fallback(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("fallback")
}
