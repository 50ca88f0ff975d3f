//! Looks for `Self` in a function: a sign that it is a method, where there is no `self`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};

use crate::signature::Function;

/// Returns `true` if there is a `Self` in the function.
pub(crate) fn mentions_own_type(function: &Function) -> bool {
    let mut search = SelfType(false);
    search.visit_item_fn(&function.item);
    search.0
        || function
            .arguments
            .iter()
            .any(|argument| mentions_self(argument.ty.to_token_stream()))
}

/// Looks for `Self`, but not in nested items, which have one of their own.
struct SelfType(bool);

impl<'ast> Visit<'ast> for SelfType {
    fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
        self.0 |= segment.ident == "Self";
        visit::visit_path_segment(self, segment);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.0 |= mentions_self(mac.tokens.clone());
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}

/// Returns `true` if there is a `Self` among the tokens.
pub(crate) fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        _ => false,
    })
}
