use proc_macro2::TokenStream;
use syn::ItemFn;

use crate::parameters::Parameters;

pub(crate) fn expand(_: &Parameters, item: ItemFn) -> syn::Result<TokenStream> {
    Ok(quote::quote!(#item))
}
