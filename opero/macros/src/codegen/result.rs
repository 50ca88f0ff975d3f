//! The result of a call: the types that its signature shows, the adapter that reads it, and what
//! becomes of a rejection.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::GenericArgument;
use syn::spanned::Spanned;

use crate::decorated::{Decorated, is_zero, literal_number};
use crate::fallback::{Fallback, Values};
use crate::outcome::Outcome;
use crate::settings::Rejecting;
use crate::signature::last_segment;
use crate::spans::{at, hidden};

/// The adapter of the return type, chosen by the compiler.
pub(crate) fn adapter(decorated: &Decorated<'_>) -> TokenStream {
    let (runtime, output) = (decorated.runtime, &decorated.function.output);
    quote! {{
        use #runtime::{ReturnsAny as _, ReturnsResult as _};
        #runtime::returns::<#output>().adapter()
    }}
}

/// Demands that parameters about errors stand on a function that has them, each at its place.
pub(crate) fn checks(decorated: &Decorated<'_>) -> TokenStream {
    const ABOUT_ERRORS: [&str; 6] = [
        "retries",
        "retry_on",
        "retry_after",
        "max_elapsed",
        "arg_fallback",
        "fallback_on",
    ];
    let (runtime, adapter) = (decorated.runtime, hidden("adapter"));
    let given = decorated
        .parameters
        .given(ABOUT_ERRORS)
        .filter(|parameter| !is_zero(parameter));
    let places = given.map(|parameter| (parameter.name.to_string(), parameter.name.span()));
    let marked = decorated
        .fallback
        .filter(|fallback| matches!(fallback.values, Values::Listed(_)))
        .map(|fallback| ("fallback".to_owned(), fallback.span));
    places
        .chain(marked)
        .map(|(name, place)| {
            let needs_result = format_ident!("needs_result_for_{name}");
            at(place, quote!(#runtime::#needs_result(&#adapter);))
        })
        .collect()
}

/// The same where the adapter is read from the tokens, which [`ResultTypes`] checks.
pub(crate) fn checks_beside_looks(decorated: &Decorated<'_>) -> TokenStream {
    let (name, adapter, checks) = (hidden("adapter"), adapter(decorated), checks(decorated));
    match checks.is_empty() {
        true => checks,
        false => quote!({ let #name = #adapter; #checks }),
    }
}

/// What becomes of a rejection, as an expression; it must stand before the arguments are moved.
pub(crate) fn on_rejected(decorated: &Decorated<'_>) -> TokenStream {
    let (runtime, adapter) = (decorated.runtime, hidden("adapter"));
    match rejecting(decorated) {
        Some(Rejecting::Backend(place)) => {
            return at(place, quote!(#runtime::rejects_by_backend(#adapter)));
        }
        Some(Rejecting::Other(place)) => return at(place, quote!(#runtime::rejects(#adapter))),
        None => {}
    }
    match decorated.fallback {
        Some(Fallback {
            index,
            values: Values::Passed,
            ..
        }) => {
            let argument = &decorated.function.arguments[*index];
            let (name, ty) = (&argument.name, &argument.ty);
            quote!(#adapter.list_rejects::<#ty, _>(&#name))
        }
        _ => quote!(#runtime::never_rejects(#adapter)),
    }
}

/// What the caller gets, as an expression.
pub(crate) fn lowering(decorated: &Decorated<'_>) -> TokenStream {
    let (runtime, adapter, on_rejected) =
        (decorated.runtime, hidden("adapter"), hidden("on_rejected"));
    quote!(#runtime::Lowered { adapter: #adapter, on_rejected: #on_rejected })
}

/// What can make a stage reject a call.
fn rejecting(decorated: &Decorated<'_>) -> Option<Rejecting> {
    let cost = decorated
        .parameters
        .get("rate_cost")
        .filter(|cost| literal_number(cost).is_none());
    let stages = decorated.parameters.given(["outside", "inside"]);
    let others = cost.into_iter().chain(stages);
    let mut places = others.map(|parameter| Rejecting::Other(parameter.name.span()));
    decorated.settings.rejecting.or_else(|| places.next())
}

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
    pub(crate) fn of(decorated: &Decorated<'_>, facade: &TokenStream) -> Self {
        let (runtime, output) = (decorated.runtime, &decorated.function.output);
        match Outcome::of(output, facade) {
            Outcome::Transparent {
                value,
                inner,
                error,
            } => Self {
                adapter: quote!(#runtime::transparent::<#value, #inner>()),
                demand: at(error.span(), quote!(#runtime::is_opero_error::<#error>();)),
                value,
                error: inner,
            },
            Outcome::Plain => Self {
                adapter: quote!(#runtime::plain::<#output>()),
                demand: looks(decorated, "ReadPlain"),
                value: output.to_token_stream(),
                error: quote!(::core::convert::Infallible),
            },
            Outcome::Result => {
                let (value, error, adapter) = match last_segment(output) {
                    Some((name, arguments)) if name == "Result" && both_types(&arguments) => {
                        let [value, error] =
                            [&arguments[0], &arguments[1]].map(ToTokens::to_token_stream);
                        let adapter = quote!(#runtime::wrapped::<#value, #error>());
                        (value, error, adapter)
                    }
                    // Where the alias stands: what is wrong with a half of it shows there. And the
                    // adapter is that of the type, whatever its looks are, so that no more is wrong
                    // than those.
                    _ => (
                        at(output.span(), quote!(<#output as #runtime::Outcome>::Ok)),
                        at(output.span(), quote!(<#output as #runtime::Outcome>::Err)),
                        adapter(decorated),
                    ),
                };
                Self {
                    adapter,
                    demand: looks(decorated, "ReadWrapped"),
                    value,
                    error,
                }
            }
        }
    }
}

/// A statement that does not compile where the return type is another one than it looks.
fn looks(decorated: &Decorated<'_>, name: &str) -> TokenStream {
    let (runtime, choice) = (decorated.runtime, adapter(decorated));
    let looks = Ident::new(name, Span::call_site());
    at(
        decorated.function.output.span(),
        quote!(#runtime::read_as::<#runtime::#looks, _>(#choice);),
    )
}

fn both_types(arguments: &[GenericArgument]) -> bool {
    matches!(
        arguments,
        [GenericArgument::Type(_), GenericArgument::Type(_)]
    )
}
