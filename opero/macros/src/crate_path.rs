//! Where the crate `opero` is, for the caller.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};

use crate::parameters::Parameters;

/// The path of the facade: the parameter `crate`, or the name that the caller's manifest gives it.
pub(crate) fn facade(parameters: &Parameters) -> TokenStream {
    if let Some(path) = parameters
        .get("crate")
        .and_then(|parameter| parameter.value.as_ref())
    {
        return path.to_token_stream();
    }
    match crate_name("opero") {
        Ok(FoundCrate::Name(name)) => {
            let name = Ident::new(&name, Span::call_site());
            quote!(::#name)
        }
        // Opero's own tests and examples; and a crate that has it through another one must say
        // `crate = …`.
        Ok(FoundCrate::Itself) | Err(_) => quote!(::opero),
    }
}
