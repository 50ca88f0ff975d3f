//! Registers a function that worker processes can run: its body as a function of its own, and an
//! entry that makes its arguments from bytes.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::Type;
use syn::spanned::Spanned;

use super::body::body_name;
use super::outcomes::{outcome_codec, owned_demand, owned_demands};
use crate::decorated::Decorated;
use crate::lifetimes::unnamed;
use crate::mode::Mode;
use crate::signature::{Argument, Kind, Passing};
use crate::spans::{at, hidden};
use crate::worker_support::WorkerSupport;

/// The items of a registered function.
pub(crate) fn registration(
    decorated: &Decorated<'_>,
    value: &TokenStream,
    error: &TokenStream,
) -> TokenStream {
    if decorated.worker_support != WorkerSupport::Registered {
        return TokenStream::new();
    }
    let (body, submission) = (body_item(decorated), submission(decorated));
    let entry = entry(decorated, &whole_demands(decorated, value, error));
    quote!(#body #entry #submission)
}

/// The body, as a function of its own.
fn body_item(decorated: &Decorated<'_>) -> TokenStream {
    let function = decorated.function;
    let inputs = function.arguments.iter().map(|argument| {
        let Argument {
            pattern,
            ty,
            attributes,
            ..
        } = argument;
        quote!(#(#attributes)* #pattern: #ty)
    });
    let generics = &function.item.sig.generics;
    let (name, block, clauses) = (body_name(), &function.item.block, &generics.where_clause);
    let (asyncness, output) = match &function.kind {
        Kind::Sync => (None, function.output.to_token_stream()),
        Kind::Async => (Some(quote!(async)), function.output.to_token_stream()),
        Kind::Boxed(written) => (None, written.to_token_stream()),
    };
    // The signature is that of the decorated function, so these lints cannot be acted on here.
    let quiet = quote! {
        #[allow(
            clippy::large_types_passed_by_value,
            clippy::needless_pass_by_value,
            clippy::ptr_arg,
            clippy::too_many_arguments,
            clippy::trivially_copy_pass_by_ref,
            clippy::unnecessary_wraps,
            clippy::unused_async
        )]
    };
    quote!(#quiet #[inline] #asyncness fn #name #generics (#(#inputs),*) -> #output #clauses #block)
}

/// The function as a worker runs it.
fn entry(decorated: &Decorated<'_>, demands: &TokenStream) -> TokenStream {
    let runtime = decorated.runtime;
    let (entry, body, adapter) = (hidden("entry"), body_name(), hidden("adapter"));
    let (bytes, rest, returned, out) = (
        hidden("bytes"),
        hidden("rest"),
        hidden("returned"),
        hidden("out"),
    );
    let arguments = decorated.function.arguments.iter().enumerate();
    let (takes, passed): (Vec<_>, Vec<_>) = arguments
        .map(|(index, argument)| {
            let (name, parcel) = (
                hidden(&format!("kept_{index}")),
                parcel(decorated, argument),
            );
            let taken = at(argument.span, quote!(#parcel.take(&mut #rest)?));
            let passed = match argument.passing {
                Passing::Copied => quote!(#name.lend()),
                Passing::Cloned => quote!(#name),
            };
            (quote!(let #name = #taken;), passed)
        })
        .unzip();
    let probes = parcel_probes(decorated);
    let take = quote! {
        let mut #rest: &[u8] = &#bytes;
        #(#takes)*
        #runtime::nothing_left(#rest)?;
    };
    let codec = outcome_codec(decorated, &adapter.to_token_stream());
    let append = quote! {
        let #adapter = {
            use #runtime::{ReturnsAny as _, ReturnsResult as _};
            #runtime::returns_like(&#returned).adapter()
        };
        #runtime::append_outcome(#adapter, #returned, #codec, #out)
    };
    match decorated.function.is_async() {
        false => quote! {
            fn #entry(#bytes: &[u8], #out: &mut ::std::vec::Vec<u8>) -> ::core::result::Result<(), #runtime::CodecError> {
                #demands
                #probes
                #take
                let #returned = #body(#(#passed),*);
                #append
            }
        },
        true => quote! {
            fn #entry(#bytes: ::std::vec::Vec<u8>) -> #runtime::AsyncOutcome {
                #demands
                #probes
                ::std::boxed::Box::pin(async move {
                    #take
                    let #returned = #body(#(#passed),*).await;
                    let mut #bytes = ::std::vec::Vec::new();
                    let #out = &mut #bytes;
                    #append?;
                    ::core::result::Result::Ok(#bytes)
                })
            }
        },
    }
}

fn submission(decorated: &Decorated<'_>) -> TokenStream {
    let (runtime, entry, function) = (decorated.runtime, hidden("entry"), hidden("FUNCTION"));
    let run = match decorated.function.is_async() {
        false => quote!(Blocking),
        true => quote!(Async),
    };
    let init = decorated
        .parameters
        .get("worker_init")
        .and_then(|init| init.value.as_ref());
    let init = match init {
        Some(init) => quote!(::core::option::Option::Some(#init)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #runtime::inventory::submit! {
            #runtime::WorkerFunction {
                path: || #function.name().to_owned(),
                run: #runtime::WorkerRun::#run(#entry),
                init: #init,
            }
        }
    }
}

/// What is known of an argument's way into a worker.
fn parcel(decorated: &Decorated<'_>, argument: &Argument) -> TokenStream {
    let runtime = decorated.runtime;
    match (&argument.ty, argument.passing) {
        (Type::Reference(reference), Passing::Copied) => {
            let referent = unnamed(&reference.elem);
            quote!(#runtime::Borrowed::<#referent>::new())
        }
        (ty, _) => {
            let ty = unnamed(ty);
            quote!(#runtime::Owned::<#ty>::new())
        }
    }
}

fn parcel_probes(decorated: &Decorated<'_>) -> TokenStream {
    let runtime = decorated.runtime;
    quote! {
        #[allow(unused_imports)]
        use #runtime::{BorrowedAny as _, BorrowedSerde as _, OwnedAny as _, OwnedSerde as _};
    }
}

/// The arguments of an attempt as bytes: a closure, or why there is none.
pub(crate) fn argument_bytes(decorated: &Decorated<'_>) -> TokenStream {
    let runtime = decorated.runtime;
    let reason = match decorated.worker_support {
        WorkerSupport::Registered => None,
        WorkerSupport::NotRequested => Some(quote!(NotRequested)),
        WorkerSupport::NotFree => Some(quote!(NotFree)),
        WorkerSupport::BorrowedArgument => Some(quote!(Argument)),
    };
    if let Some(reason) = reason {
        return quote!(::core::result::Result::Err(#runtime::Unsendable::#reason));
    }
    let arguments = decorated.arguments();
    let (shared, item, attempt, out) = (
        hidden("shared"),
        hidden("item"),
        hidden("attempt"),
        hidden("out"),
    );
    let (travels, appends): (Vec<_>, Vec<_>) = decorated
        .function
        .arguments
        .iter()
        .enumerate()
        .map(|(index, argument)| {
            let (parcel, value) = (parcel(decorated, argument), arguments.lent(index));
            (
                quote!(#parcel.travels()),
                quote!(#parcel.append(#value, #out)?;),
            )
        })
        .unzip();
    let (probes, unpack) = (parcel_probes(decorated), arguments.unpack());
    quote! {{
        #probes
        match true #(&& #travels)* {
            true => ::core::result::Result::Ok(|#shared, #item, #attempt, #out| {
                let _ = (#item, #attempt, &#out);
                #unpack
                #(#appends)*
                ::core::result::Result::Ok(())
            }),
            false => ::core::result::Result::Err(#runtime::Unsendable::Argument),
        }
    }}
}

/// Statements that do not compile where a type cannot pass between processes.
pub(crate) fn travel_demands(
    decorated: &Decorated<'_>,
    value: &TokenStream,
    error: &TokenStream,
) -> TokenStream {
    if decorated.worker_support != WorkerSupport::Registered || decorated.mode != Mode::Processes {
        return TokenStream::new();
    }
    let runtime = decorated.runtime;
    let arguments = decorated.function.arguments.iter().map(|argument| {
        let demand = match (&argument.ty, argument.passing) {
            (Type::Reference(reference), Passing::Copied) => {
                let referent = unnamed(&reference.elem);
                quote!(#runtime::borrowed_argument_travels::<#referent>();)
            }
            (ty, _) => {
                let ty = unnamed(ty);
                quote!(#runtime::argument_travels::<#ty>();)
            }
        };
        at(argument.ty.span(), demand)
    });
    let whole = whole_demands(decorated, value, error);
    let value = at(value.span(), quote!(#runtime::value_travels::<#value>();));
    let error = decorated
        .fails()
        .then(|| at(error.span(), quote!(#runtime::error_travels::<#error>();)));
    quote!(#whole #(#arguments)* #value #error)
}

/// Statements that do not compile where an argument or a result is a reference under another name.
/// In the entry too: what the compiler would say there is said less well, and what is said twice it
/// shows once.
fn whole_demands(
    decorated: &Decorated<'_>,
    value: &TokenStream,
    error: &TokenStream,
) -> TokenStream {
    if decorated.mode != Mode::Processes {
        return TokenStream::new();
    }
    let taken = decorated.function.arguments.iter();
    let taken = taken
        .filter(|argument| argument.passing == Passing::Cloned)
        .map(|argument| owned_demand(decorated, &argument.ty));
    let results = owned_demands(decorated, value, error);
    quote!(#(#taken)* #results)
}
