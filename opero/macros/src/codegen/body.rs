//! The body of a decorated function, as a closure over an attempt's arguments.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use crate::decorated::Decorated;
use crate::signature::Kind;
use crate::spans::hidden;
use crate::worker_support::WorkerSupport;

/// The name of the function that a registered function's body is.
pub(crate) fn body_name() -> Ident {
    hidden("body")
}

/// The constructor of the call builder that takes the body.
pub(crate) fn body(decorated: &Decorated<'_>, start: &TokenStream) -> TokenStream {
    let (shared, item, attempt) = (hidden("shared"), hidden("item"), hidden("attempt"));
    let (unpack, own) = (decorated.arguments().unpack(), decorated.arguments().own());
    let (block, output) = (&decorated.function.item.block, &decorated.function.output);
    let (hint, result) = (hidden("hint"), hidden("result"));
    let used = quote!(let _ = (#item, #attempt););
    if decorated.worker_support == WorkerSupport::Registered {
        return calling_body(decorated, start);
    }
    // Bound to a name before it is returned: what the last expression borrows of the arguments ends
    // before they do, in every edition.
    match &decorated.function.kind {
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
            let future = match decorated.function.is_recursive() {
                true => erased(&future, output),
                false => future,
            };
            quote!(asynchronous(#start, move |#shared, #item, #attempt| { #used #unpack #own #future }))
        }
    }
}

/// The body where it is a function of its own: a call of that.
fn calling_body(decorated: &Decorated<'_>, start: &TokenStream) -> TokenStream {
    let (shared, item, attempt) = (hidden("shared"), hidden("item"), hidden("attempt"));
    let (unpack, output) = (decorated.arguments().unpack(), &decorated.function.output);
    let (body, values) = (
        body_name(),
        decorated.arguments().own_values().collect::<Vec<_>>(),
    );
    let used = quote!(let _ = (#item, #attempt););
    let call = quote!(#body(#(#values),*));
    match &decorated.function.kind {
        Kind::Sync => {
            quote!(synchronous(#start, move |#shared, #item, #attempt| -> #output { #used #unpack #call }))
        }
        Kind::Boxed(written) => {
            quote!(asynchronous(#start, move |#shared, #item, #attempt| -> #written { #used #unpack #call }))
        }
        Kind::Async => {
            let future = match decorated.function.is_recursive() {
                true => erased(&call, output),
                false => call,
            };
            quote!(asynchronous(#start, move |#shared, #item, #attempt| { #used #unpack #future }))
        }
    }
}

/// A future whose type says nothing of what it awaits.
///
/// The future of a function that awaits itself would be `Send` only if it is `Send`, and the
/// compiler follows that circle through the stages until it gives up. Such a function boxes its
/// future anyway.
fn erased(future: &TokenStream, output: &syn::Type) -> TokenStream {
    let erased = hidden("erased");
    quote! {
        let #erased: ::core::pin::Pin<::std::boxed::Box<
            dyn ::core::future::Future<Output = #output> + ::core::marker::Send + '_
        >> = ::std::boxed::Box::pin(#future);
        #erased
    }
}
