//! The value and the error of a return type, for signatures that have to name them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{GenericArgument, Type};

use crate::outcome::Outcome;
use crate::recipe::Plan;
use crate::signature::last_segment;
use crate::spans::at;

/// The two types.
pub(crate) struct ResultTypes {
    pub(crate) value: TokenStream,
    pub(crate) error: TokenStream,
    /// The adapter that fits them.
    adapter: Ident,
    /// A statement that holds the compiler to it.
    pub(crate) demand: TokenStream,
}

impl ResultTypes {
    pub(crate) fn of(output: &Type, facade: &TokenStream, door: &TokenStream) -> Self {
        let adapter = |name| Ident::new(name, Span::call_site());
        match Outcome::of(output, facade) {
            Outcome::Transparent(value, inner, error) => Self {
                value: value.to_token_stream(),
                error: inner.to_token_stream(),
                adapter: adapter("ReadTransparent"),
                demand: at(error.span(), quote!(#door::is_opero_error::<#error>();)),
            },
            Outcome::Plain => Self {
                value: output.to_token_stream(),
                error: quote!(::core::convert::Infallible),
                adapter: adapter("ReadPlain"),
                demand: TokenStream::new(),
            },
            Outcome::Result => {
                let (value, error) = match last_segment(output) {
                    Some((name, arguments)) if name == "Result" && both_types(&arguments) => (
                        arguments[0].to_token_stream(),
                        arguments[1].to_token_stream(),
                    ),
                    _ => (
                        quote!(<#output as #door::Outcome>::Ok),
                        quote!(<#output as #door::Outcome>::Err),
                    ),
                };
                Self {
                    value,
                    error,
                    adapter: adapter("ReadWrapped"),
                    demand: TokenStream::new(),
                }
            }
        }
    }

    /// The adapter of the return type, if it is the one for these types.
    pub(crate) fn read(&self, plan: &Plan<'_>) -> TokenStream {
        let (door, choice, looks) = (plan.door, plan.adapter(), &self.adapter);
        at(
            plan.function.output.span(),
            quote!(#door::read_as::<#door::#looks, _>(#choice)),
        )
    }
}

fn both_types(arguments: &[GenericArgument]) -> bool {
    matches!(
        arguments,
        [GenericArgument::Type(_), GenericArgument::Type(_)]
    )
}
