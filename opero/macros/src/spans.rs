//! Spans of generated tokens: where an error shows, and names that clash with none of the user's.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};

/// The same tokens, resolved as before, but located at `place`, so that the compiler's errors about
/// them point there.
pub(crate) fn at(place: Span, tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| located(place, token))
        .collect()
}

fn located(place: Span, mut token: TokenTree) -> TokenTree {
    if let TokenTree::Group(group) = &token {
        let mut moved = Group::new(group.delimiter(), at(place, group.stream()));
        moved.set_span(group.span().located_at(place));
        return moved.into();
    }
    token.set_span(token.span().located_at(place));
    token
}

/// A name that no user's name can clash with.
pub(crate) fn hidden(name: &str) -> Ident {
    Ident::new(&format!("__opero_{name}"), Span::mixed_site())
}
