//! The way of a call: past the cache, or through it under a key that is made of the arguments.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;

use crate::errors::Errors;
use crate::recipe::Plan;
use crate::scope::hidden;
use crate::settings::Keys;
use crate::spans::at;

/// A part of a key: an argument, `self`, or what `cache_key` makes of them.
pub(crate) struct Part {
    kind: &'static str,
    /// A reference to it, as an expression.
    pub(crate) value: TokenStream,
    /// Where a message about it points.
    pub(crate) span: Span,
}

impl Plan<'_> {
    /// The last step of the recipe; `others` are the arguments that every way takes.
    pub(crate) fn route(&self, others: &TokenStream, errors: &mut Errors) -> TokenStream {
        if !self.settings.cache {
            return quote!(uncached(#others));
        }
        let parts = self.parts(errors);
        match self.settings.keys {
            Keys::Local => {
                let hashed = self.hashed(&parts);
                quote!(cached(#hashed, #others))
            }
            Keys::Stable => {
                let encoded = self.encoded(&parts);
                quote!(recorded(#encoded, #others))
            }
            Keys::Either => {
                let (hashed, probed) = (self.hashed(&parts), self.probed(&parts));
                quote!(probed(#hashed, #probed, #others))
            }
        }
    }

    pub(crate) fn parts(&self, errors: &mut Errors) -> Vec<Part> {
        let scope = self.scope();
        if let Some(parameter) = self.parameters.get("cache_key") {
            let key = errors.take(scope.apply(parameter)).unwrap_or_default();
            return vec![Part {
                kind: "key",
                value: quote!(&#key),
                span: parameter.span(),
            }];
        }
        let receiver = self.function.receiver.iter();
        let own = receiver
            .filter(|_| self.function.shares_self)
            .map(|receiver| {
                let own = &receiver.self_token;
                Part {
                    kind: "self",
                    value: quote!(#own),
                    span: own.span(),
                }
            });
        let arguments = self.function.arguments.iter().enumerate();
        let arguments = arguments.filter_map(|(index, argument)| {
            Some(Part {
                kind: match argument.name == "self" {
                    true => "self",
                    false => "argument",
                },
                value: scope.seen(index)?,
                span: argument.span,
            })
        });
        own.chain(arguments).collect()
    }

    /// A closure that hashes the parts.
    fn hashed(&self, parts: &[Part]) -> TokenStream {
        let (door, unpack) = (self.door, self.scope().unpack());
        let (shared, item, hasher) = (hidden("shared"), hidden("item"), hidden("hasher"));
        let steps = parts.iter().map(|Part { kind, value, span }| {
            let hash = format_ident!("hash_{kind}");
            at(*span, quote!(#door::#hash(#value, #hasher);))
        });
        // Always: a key that passes through memory in halves stalls the load of the whole.
        quote!(#[cfg_attr(not(debug_assertions), inline(always))] move |#shared, #item, #hasher| { let _ = (#item, &#hasher); #unpack #(#steps)* })
    }

    /// A closure that makes bytes of the parts, and demands that it can.
    fn encoded(&self, parts: &[Part]) -> TokenStream {
        let (door, unpack) = (self.door, self.scope().unpack());
        let (shared, item, out) = (hidden("shared"), hidden("item"), hidden("out"));
        let steps = parts.iter().map(|Part { kind, value, span }| {
            let append = format_ident!("stable_{kind}");
            at(*span, quote!(#door::#append(#value, #out)?;))
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
    fn probed(&self, parts: &[Part]) -> TokenStream {
        self.probed_after(&TokenStream::new(), parts)
    }

    /// The same, with statements before it.
    pub(crate) fn probed_after(&self, before: &TokenStream, parts: &[Part]) -> TokenStream {
        let unpack = self.scope().unpack();
        let (shared, item, out) = (hidden("shared"), hidden("item"), hidden("out"));
        let encoded = hidden("encoded");
        let steps = parts.iter().map(|Part { value, .. }| {
            let probe = self.probe(value);
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
    pub(crate) fn probe(&self, value: &TokenStream) -> TokenStream {
        let (door, out, probed) = (self.door, hidden("out"), hidden("probed"));
        // Bound to a name outside: what is imported for the choice is none of the user's expression.
        quote! {
            match #value {
                #probed => {
                    use #door::{ProbeAny as _, ProbeSerde as _};
                    #door::Probe(#probed).append(#out)
                }
            }
        }
    }
}
