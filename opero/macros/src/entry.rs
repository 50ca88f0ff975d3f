//! `#[opero::main]`: the line that lets a program be started as a worker, first thing in `main`;
//! and a runtime for an async one.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ItemFn;
use syn::spanned::Spanned;

use crate::crate_path::facade;
use crate::errors::Errors;
use crate::parameters::{Parameter, Parameters};
use crate::spans::hidden;
use crate::values::Checked;

const PARAMETERS: &[&str] = &["flavor", "worker_threads", "crate"];

/// The expansion, or every error that the macro itself can see.
pub(crate) fn expand(parameters: &Parameters, item: ItemFn) -> syn::Result<TokenStream> {
    let mut errors = Errors::default();
    parameters.check_only(PARAMETERS, &mut errors);
    check_signature(&item, &mut errors);
    let facade = facade(parameters);
    let runtime = runtime(parameters, &item, &facade, &mut errors);
    errors.finish()?;

    let ItemFn {
        attrs,
        vis,
        mut sig,
        block,
    } = item;
    let init = quote!(#facade::init(););
    if sig.asyncness.take().is_none() {
        let statements = &block.stmts;
        // In the braces of the user's, where a missing value is reported.
        let body = quote_spanned!(block.span()=> { #init #(#statements)* });
        return Ok(quote!(#(#attrs)* #vis #sig #body));
    }
    let (body, output) = (hidden("main"), &sig.output);
    Ok(quote! {
        #(#attrs)* #vis #sig {
            #init
            async fn #body() #output #block
            #facade::__private::run_main(#runtime, #body())
        }
    })
}

fn check_signature(item: &ItemFn, errors: &mut Errors) {
    let sig = &item.sig;
    if sig.ident != "main" {
        errors.at(
            sig.ident.span(),
            "`#[opero::main]` goes on `fn main`: a worker is the program started afresh, and that is where it is entered",
        );
    }
    if let Some(input) = sig.inputs.first() {
        errors.at(
            input.span(),
            "`main` takes no arguments: read `std::env::args` in it",
        );
    }
    if !sig.generics.params.is_empty() {
        errors.at(sig.generics.span(), "`main` cannot be generic: remove this");
    }
}

/// The runtime of an async `main`, as an expression.
fn runtime(
    parameters: &Parameters,
    item: &ItemFn,
    facade: &TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let given = parameters.given(["flavor", "worker_threads"]);
    if item.sig.asyncness.is_none() {
        for Parameter { name, .. } in given {
            errors.at(
                name.span(),
                format!("`{name}` is about the runtime of an `async fn main`: write `async`, or remove it"),
            );
        }
        return TokenStream::new();
    }
    let runtime = quote!(#facade::__private);
    let flavor = parameters.get("flavor");
    let single = match flavor.map(|flavor| (flavor, flavor.text())) {
        None => false,
        Some((flavor, Ok(text))) => match text.value().as_str() {
            "multi_thread" => false,
            "current_thread" => true,
            other => {
                let problem = format!("is {other:?}");
                errors.push(flavor.error(&problem, "write \"multi_thread\" or \"current_thread\""));
                false
            }
        },
        Some((_, Err(error))) => {
            errors.push(error);
            false
        }
    };
    let threads = parameters.get("worker_threads");
    match (single, threads) {
        (true, Some(threads)) => {
            errors.at(
                threads.name.span(),
                "`worker_threads` is about a runtime of several threads, and `flavor` asks for one of this thread only: remove \
                 one of them",
            );
            TokenStream::new()
        }
        (true, None) => quote!(#runtime::Runtime::CurrentThread),
        (false, None) => quote!(#runtime::Runtime::MultiThread(::core::option::Option::None)),
        (false, Some(threads)) => {
            let zero = (
                "is 0, so nothing could run",
                "give at least 1, or leave it out for the number of cores",
            );
            let threads = match errors.take(threads.whole(1, 1 << 15, zero)) {
                Some(Checked::Literal(number)) => {
                    let number = proc_macro2::Literal::u64_unsuffixed(number);
                    quote!(#number)
                }
                Some(Checked::Expression(number)) => number,
                None => TokenStream::new(),
            };
            quote!(#runtime::Runtime::MultiThread(::core::option::Option::Some(#threads)))
        }
    }
}
