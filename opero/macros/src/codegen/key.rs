//! Makes the key of a call in the cache, or passes the cache by.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;

use super::expressions::apply;
use crate::decorated::Decorated;
use crate::errors::Errors;
use crate::settings::Keys;
use crate::spans::{at, hidden};

/// A part of a key: an argument, `self`, or what `cache_key` makes of them.
pub(crate) struct Part {
    kind: &'static str,
    /// A reference to it, as an expression.
    pub(crate) value: TokenStream,
    /// Where a message about it points.
    pub(crate) span: Span,
}

/// Makes the builder's step that says how a call is cached; `others` are the arguments that each of
/// those steps takes.
pub(crate) fn key(
    decorated: &Decorated<'_>,
    others: &TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    if !decorated.settings.cache {
        return quote!(uncached(#others));
    }
    let parts = key_parts(decorated, errors);
    match decorated.settings.keys {
        Keys::Local => {
            let hashed = hashed(decorated, &parts);
            quote!(cached(#hashed, #others))
        }
        Keys::Stable => {
            let encoded = encoded(decorated, &parts);
            quote!(recorded(#encoded, #others))
        }
        Keys::Either => {
            let (hashed, probed) = (hashed(decorated, &parts), probed(decorated, &parts));
            quote!(probed(#hashed, #probed, #others))
        }
    }
}

pub(crate) fn key_parts(decorated: &Decorated<'_>, errors: &mut Errors) -> Vec<Part> {
    let arguments = decorated.arguments();
    if let Some(parameter) = decorated.parameters.get("cache_key") {
        let key = errors
            .take(apply(&arguments, parameter))
            .unwrap_or_default();
        return vec![Part {
            kind: "key",
            value: quote!(&#key),
            span: parameter.span(),
        }];
    }
    let receiver = decorated.function.receiver.iter();
    let own = receiver
        .filter(|_| decorated.function.shares_self)
        .map(|receiver| {
            let own = &receiver.self_token;
            Part {
                kind: "self",
                value: quote!(#own),
                span: own.span(),
            }
        });
    let others = decorated.function.arguments.iter().enumerate();
    let others = others.filter_map(|(index, argument)| {
        Some(Part {
            kind: match argument.name == "self" {
                true => "self",
                false => "argument",
            },
            value: arguments.seen(index)?,
            span: argument.span,
        })
    });
    own.chain(others).collect()
}

/// A closure that hashes the parts.
fn hashed(decorated: &Decorated<'_>, parts: &[Part]) -> TokenStream {
    let (runtime, unpack) = (decorated.runtime, decorated.arguments().unpack());
    let (shared, item, hasher) = (hidden("shared"), hidden("item"), hidden("hasher"));
    let steps = parts.iter().map(|Part { kind, value, span }| {
        let hash = format_ident!("hash_{kind}");
        at(*span, quote!(#runtime::#hash(#value, #hasher);))
    });
    // Always: a key that passes through memory in halves stalls the load of the whole.
    quote!(#[cfg_attr(not(debug_assertions), inline(always))] move |#shared, #item, #hasher| { let _ = (#item, &#hasher); #unpack #(#steps)* })
}

/// A closure that makes bytes of the parts, and demands that it can.
fn encoded(decorated: &Decorated<'_>, parts: &[Part]) -> TokenStream {
    let (runtime, unpack) = (decorated.runtime, decorated.arguments().unpack());
    let (shared, item, out) = (hidden("shared"), hidden("item"), hidden("out"));
    let steps = parts.iter().map(|Part { kind, value, span }| {
        let append = format_ident!("stable_{kind}");
        at(*span, quote!(#runtime::#append(#value, #out)?;))
    });
    quote! {
        move |#shared, #item, #out| {
            let _ = (#item, &#out);
            #unpack
            #(#steps)*
            ::core::result::Result::Ok(())
        }
    }
}

/// A closure that makes bytes of the parts where all of them have some.
fn probed(decorated: &Decorated<'_>, parts: &[Part]) -> TokenStream {
    probed_after(decorated, &TokenStream::new(), parts)
}

/// The same, with statements before it.
pub(crate) fn probed_after(
    decorated: &Decorated<'_>,
    before: &TokenStream,
    parts: &[Part],
) -> TokenStream {
    let unpack = decorated.arguments().unpack();
    let (shared, item, out) = (hidden("shared"), hidden("item"), hidden("out"));
    let encoded = hidden("encoded");
    let steps = parts.iter().map(|Part { value, .. }| {
        let probe = probe(decorated, value);
        quote! {
            let #encoded = #probe;
            if !::core::matches!(#encoded, ::core::option::Option::Some(::core::result::Result::Ok(()))) {
                return #encoded;
            }
        }
    });
    quote! {
        move |#shared, #item, #out| {
            let _ = (#item, &#out);
            #unpack
            #before
            #(#steps)*
            ::core::option::Option::Some(::core::result::Result::Ok(()))
        }
    }
}

/// The bytes of `value`, where its type has some.
pub(crate) fn probe(decorated: &Decorated<'_>, value: &TokenStream) -> TokenStream {
    let (runtime, out, probed) = (decorated.runtime, hidden("out"), hidden("probed"));
    // Bound to a name outside: what is imported for the choice is none of the user's expression.
    quote! {
        match #value {
            #probed => {
                use #runtime::{ProbeAny as _, ProbeSerde as _};
                #runtime::Probe(#probed).append(#out)
            }
        }
    }
}
