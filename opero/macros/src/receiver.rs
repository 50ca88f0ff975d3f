//! `self`: a reference is copied into the closures as it is; a value is an argument like any other, under another name.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Item, Macro, Receiver, Type};

use crate::errors::Errors;
use crate::signature::{Argument, Passing};

/// Is it `&self`, or a typed `self` that is a reference? `&mut self` is refused.
pub(crate) fn is_reference(receiver: &Receiver, errors: &mut Errors) -> bool {
    let exclusive = match (&*receiver.ty, &receiver.reference) {
        (Type::Reference(reference), _) => reference.mutability.is_some(),
        _ => false,
    };
    if exclusive {
        errors.at(
            receiver.span(),
            "an attempt cannot share `&mut self` with the next one: take `&self`, and keep what changes in a `Mutex` or an \
             atomic",
        );
    }
    matches!(&*receiver.ty, Type::Reference(_))
}

/// The argument that stands for a `self` taken by value. The receiver in the signature loses its `mut`.
pub(crate) fn own_self(receiver: &mut Receiver) -> Argument {
    let span = receiver.self_token.span;
    let own = own_name(span);
    let mutability = receiver.mutability.take();
    Argument {
        name: Ident::new("self", span),
        pattern: quote!(#mutability #own),
        ty: (*receiver.ty).clone(),
        passing: Passing::Cloned,
        known_as: None,
        attributes: Vec::new(),
        span,
    }
}

fn own_name(span: Span) -> Ident {
    // The span of the user's `self`, so that messages about it point there.
    Ident::new("__opero_self", span)
}

/// Gives `self` in a body its other name; items nested in the body have a `self` of their own.
pub(crate) struct ReplaceSelf;

impl VisitMut for ReplaceSelf {
    fn visit_expr_path_mut(&mut self, path: &mut syn::ExprPath) {
        if path.path.is_ident("self")
            && let Some(segment) = path.path.segments.first_mut()
        {
            segment.ident = own_name(segment.ident.span());
        }
        visit_mut::visit_expr_path_mut(self, path);
    }

    fn visit_macro_mut(&mut self, mac: &mut Macro) {
        mac.tokens = replaced(std::mem::take(&mut mac.tokens));
    }

    fn visit_item_mut(&mut self, _: &mut Item) {}
}

fn replaced(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut output = TokenStream::new();
    while let Some(token) = tokens.next() {
        let is_path =
            matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        output.extend([match token {
            TokenTree::Ident(ident) if ident == "self" && !is_path => own_name(ident.span()).into(),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), replaced(group.stream()));
                inner.set_span(group.span());
                inner.into()
            }
            other => other,
        }]);
    }
    output
}
