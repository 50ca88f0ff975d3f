//! Makes bytes of results, and demands on their types where they need some.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::spanned::Spanned;

use crate::decorated::Decorated;
use crate::lifetimes::unnamed;
use crate::mode::Mode;
use crate::records::{may_be_probed, may_be_recorded};
use crate::spans::at;

/// Returns `true` if results have to have bytes.
pub(crate) fn has_demands(decorated: &Decorated<'_>) -> bool {
    decorated.mode == Mode::Processes || may_be_recorded(decorated.parameters)
}

/// How outcomes become bytes, or why not.
pub(crate) fn outcome_codec(decorated: &Decorated<'_>, adapter: &TokenStream) -> TokenStream {
    let runtime = decorated.runtime;
    if !may_be_probed(decorated.function) && !has_demands(decorated) {
        return quote!(::core::result::Result::Err(#runtime::Unsendable::Value));
    }
    quote! {{
        #[allow(unused_imports)]
        use #runtime::{OutcomeAny as _, OutcomeBoth as _, OutcomeInfallible as _, OutcomeValue as _};
        (&&&#runtime::Outcomes::of(#adapter)).codec()
    }}
}

/// Statements that do not compile where a result cannot be recorded.
pub(crate) fn record_demands(
    decorated: &Decorated<'_>,
    value: &TokenStream,
    error: &TokenStream,
) -> TokenStream {
    if !may_be_recorded(decorated.parameters) {
        return TokenStream::new();
    }
    let (runtime, owned) = (decorated.runtime, owned_demands(decorated, value, error));
    let value = at(
        value.span(),
        quote!(#runtime::value_is_recorded::<#value>();),
    );
    let error = decorated.fails().then(|| {
        at(
            error.span(),
            quote!(#runtime::error_is_recorded::<#error>();),
        )
    });
    quote!(#owned #value #error)
}

/// Statements that do not compile where a result is a reference: under another name, which no
/// tokens show.
pub(crate) fn owned_demands(
    decorated: &Decorated<'_>,
    value: &TokenStream,
    error: &TokenStream,
) -> TokenStream {
    let error = decorated.fails().then(|| owned_demand(decorated, error));
    let value = owned_demand(decorated, value);
    quote!(#value #error)
}

/// A statement that does not compile where a type is a reference.
pub(crate) fn owned_demand(decorated: &Decorated<'_>, ty: &impl ToTokens) -> TokenStream {
    let runtime = decorated.runtime;
    let Ok(ty) = syn::parse2(ty.to_token_stream()).map(|ty| unnamed(&ty)) else {
        return TokenStream::new();
    };
    let demand = quote!({
        #[allow(unused_imports)]
        use #runtime::KindAny as _;
        #runtime::is_owned(#runtime::Kind::<#ty>::new().kind());
    });
    at(ty.span(), demand)
}
