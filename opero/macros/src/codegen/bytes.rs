//! Makes bytes of a map's calls: for worker processes, and for the records of runs that resume.

use proc_macro2::TokenStream;
use quote::quote;
use syn::GenericParam;

use super::key::{key_parts, probed_after};
use super::outcomes::outcome_codec;
use super::worker::argument_bytes;
use crate::decorated::Decorated;
use crate::errors::Errors;
use crate::mode::Mode;
use crate::records::may_be_recorded;
use crate::spans::{at, hidden};

/// Returns `true` if the function may run in worker processes.
fn may_travel(mode: Mode) -> bool {
    cfg!(feature = "map-process") && mode != Mode::Here
}

/// Makes the field of the call policy for a function with that adapter; `None` if no parameter asks
/// for it.
pub(crate) fn call_bytes(decorated: &Decorated<'_>, adapter: &TokenStream) -> Option<TokenStream> {
    if !decorated.has_item || !(may_travel(decorated.mode) || may_be_recorded(decorated.parameters))
    {
        return None;
    }
    let runtime = decorated.runtime;
    let (arguments, outcome) = (argument_bytes(decorated), outcome_codec(decorated, adapter));
    Some(quote! {
        ::core::option::Option::Some(|| #runtime::Bytes {
            arguments: #arguments,
            outcome: #outcome,
            describe: {
                #[allow(unused_imports)]
                use #runtime::{WordsDisplay as _, WordsNone as _};
                #runtime::Words::of(#adapter).describe()
            },
        })
    })
}

/// Makes the builder's step that identifies an item in a record: by `cache_key`, or by all
/// arguments.
pub(crate) fn record_key(decorated: &Decorated<'_>, errors: &mut Errors) -> TokenStream {
    if !decorated.has_item || !may_be_recorded(decorated.parameters) {
        return TokenStream::new();
    }
    // What is wrong with a `cache_key` is said once: where there is a cache, of its key.
    let mut said = Errors::default();
    let parts = match decorated.settings.cache {
        true => key_parts(decorated, &mut said),
        false => key_parts(decorated, errors),
    };
    let runtime = decorated.runtime;
    let demands = parts.iter().map(|part| {
        let value = &part.value;
        at(part.span, quote!(#runtime::identifies_record(#value);))
    });
    let out = hidden("out");
    // The path of a generic function is that of all its instances.
    let generics = decorated.function.item.sig.generics.params.iter();
    let instance = generics.filter_map(|parameter| match parameter {
        GenericParam::Type(ty) => {
            let name = &ty.ident;
            Some(quote!(#runtime::append_type::<#name>(#out);))
        }
        GenericParam::Const(constant) => {
            let name = &constant.ident;
            Some(quote!(#runtime::append_constant(#name, #out);))
        }
        GenericParam::Lifetime(_) => None,
    });
    let closure = probed_after(decorated, &quote!(#(#instance)* #(#demands)*), &parts);
    quote!(.with_record(#closure))
}
