//! The value and the error of a return type, for signatures that have to name them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::GenericArgument;
use syn::spanned::Spanned;

use crate::outcome::Outcome;
use crate::recipe::Plan;
use crate::signature::last_segment;
use crate::spans::at;

/// The two types, and what follows from them.
pub(crate) struct ResultTypes {
    pub(crate) value: TokenStream,
    pub(crate) error: TokenStream,
    /// The adapter for them, as an expression.
    pub(crate) adapter: TokenStream,
    /// A statement that holds the compiler to what the tokens look like.
    pub(crate) demand: TokenStream,
}

impl ResultTypes {
    /// Reads the function's return type by its looks.
    pub(crate) fn of(plan: &Plan<'_>, facade: &TokenStream) -> Self {
        let (door, output) = (plan.door, &plan.function.output);
        match Outcome::of(output, facade) {
            Outcome::Transparent {
                value,
                inner,
                error,
            } => Self {
                adapter: quote!(#door::transparent::<#value, #inner>()),
                demand: at(error.span(), quote!(#door::is_opero_error::<#error>();)),
                value,
                error: inner,
            },
            Outcome::Plain => Self {
                adapter: quote!(#door::plain::<#output>()),
                demand: looks(plan, "ReadPlain"),
                value: output.to_token_stream(),
                error: quote!(::core::convert::Infallible),
            },
            Outcome::Result => {
                let (value, error, adapter) = match last_segment(output) {
                    Some((name, arguments)) if name == "Result" && both_types(&arguments) => {
                        let [value, error] =
                            [&arguments[0], &arguments[1]].map(ToTokens::to_token_stream);
                        let adapter = quote!(#door::wrapped::<#value, #error>());
                        (value, error, adapter)
                    }
                    // Where the alias stands: what is wrong with a half of it shows there. And the adapter is that of the
                    // type, whatever its looks are, so that no more is wrong than those.
                    _ => (
                        at(output.span(), quote!(<#output as #door::Outcome>::Ok)),
                        at(output.span(), quote!(<#output as #door::Outcome>::Err)),
                        plan.adapter(),
                    ),
                };
                Self {
                    adapter,
                    demand: looks(plan, "ReadWrapped"),
                    value,
                    error,
                }
            }
        }
    }
}

/// A statement that does not compile where the return type is another one than it looks.
fn looks(plan: &Plan<'_>, name: &str) -> TokenStream {
    let (door, choice) = (plan.door, plan.adapter());
    let looks = Ident::new(name, Span::call_site());
    at(
        plan.function.output.span(),
        quote!(#door::read_as::<#door::#looks, _>(#choice);),
    )
}

fn both_types(arguments: &[GenericArgument]) -> bool {
    matches!(
        arguments,
        [GenericArgument::Type(_), GenericArgument::Type(_)]
    )
}
