//! Whether worker processes can run a function, as far as its tokens tell; and what it says where they cannot and have to.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{GenericParam, Type};

use crate::errors::Errors;
use crate::mode::Mode;
use crate::outcome::{borrowed, reference_in_value, references};
use crate::renewal::mentions_own_type;
use crate::signature::Function;

/// Whether a function's body is one that a worker can run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Its body is a function of its own, and registered.
    Registered,
    /// It runs where its callers are: the attribute asks for nothing else, or nothing here runs in processes.
    Asked,
    /// It is no free function without type parameters.
    Bound,
    /// An argument holds references, which no worker could fill.
    BorrowsWithin,
}

impl Reach {
    /// Decides it. Where `mode` is a literal, what stands against it is an error at its place.
    pub(crate) fn of(function: &Function, mode: Mode, errors: &mut Errors) -> Self {
        if cfg!(not(feature = "map-process")) || mode == Mode::Here {
            return Self::Asked;
        }
        let demanded = mode == Mode::Processes;
        let (reach, span, message) = if let Some((span, what)) = bound(function) {
            let message = format!(
                "worker processes find a function by its name, and {what}: move the body into a free function without type \
                 parameters that takes what it needs"
            );
            (Self::Bound, span, message)
        } else if let Some((span, message)) = borrows_within(function) {
            (Self::BorrowsWithin, span, message.to_owned())
        } else if !demanded && may_be_bound(function) {
            return Self::Bound;
        } else if !demanded && lifetimes_within(function) {
            return Self::BorrowsWithin;
        } else {
            return Self::Registered;
        };
        if demanded {
            errors.at(span, message);
        }
        reach
    }
}

/// What makes it another thing than a free function without type parameters.
fn bound(function: &Function) -> Option<(Span, &'static str)> {
    const METHOD: &str = "this one is a method";
    if let Some(receiver) = &function.receiver {
        return Some((receiver.self_token.span(), METHOD));
    }
    let generic = function
        .item
        .sig
        .generics
        .params
        .iter()
        .find_map(|parameter| match parameter {
            GenericParam::Type(ty) => Some((ty.ident.span(), "this one has a type parameter")),
            GenericParam::Const(constant) => {
                Some((constant.ident.span(), "this one has a constant parameter"))
            }
            GenericParam::Lifetime(_) => None,
        });
    let opaque = function
        .arguments
        .iter()
        .find_map(|argument| match &argument.ty {
            Type::ImplTrait(ty) => Some((ty.span(), "an `impl Trait` is a type parameter of it")),
            _ => None,
        });
    generic
        .or(opaque)
        .or_else(|| mentions_own_type(function).then(|| (function.item.sig.ident.span(), METHOD)))
}

/// Where an argument holds a reference, or lives for ever: in a worker it is made from bytes, and lent for one execution.
fn borrows_within(function: &Function) -> Option<(Span, &'static str)> {
    const WITHIN: &str = "a worker process makes its arguments from bytes, which become no reference within another type: take \
                          owned values in it, such as `&[String]` or `Option<String>`";
    const STATIC: &str = "a worker process makes its arguments from bytes and lends them for one execution, so none is `'static`: \
                          leave the lifetime out";
    function
        .arguments
        .iter()
        .find_map(|argument| match &argument.ty {
            Type::Reference(reference) => {
                let lifetime = reference
                    .lifetime
                    .as_ref()
                    .filter(|lifetime| lifetime.ident == "static");
                lifetime
                    .map(|lifetime| (lifetime.span(), STATIC))
                    .or_else(|| references(&reference.elem).map(|span| (span, WITHIN)))
            }
            other => references(other).map(|span| (span, WITHIN)),
        })
}

/// May a type be a parameter of the block that the function stands in, where it is a method after all? No item within a function can
/// name such a one. By its looks: `T`, `E2`.
fn may_be_bound(function: &Function) -> bool {
    struct Letters(bool);
    impl<'ast> Visit<'ast> for Letters {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0 |= path.get_ident().is_some_and(|name| {
                let name = name.to_string();
                let mut letters = name.chars();
                letters
                    .next()
                    .is_some_and(|first| first.is_ascii_uppercase())
                    && letters.all(|other| other.is_ascii_digit())
            });
            visit::visit_path(self, path);
        }
    }
    let mut letters = Letters(false);
    function
        .arguments
        .iter()
        .for_each(|argument| letters.visit_type(&argument.ty));
    letters.visit_type(&function.output);
    letters.0
}

/// Does a type have a lifetime inside? It may be one that bytes can be read into, such as `Cow`, or not: only a demand finds out.
fn lifetimes_within(function: &Function) -> bool {
    function
        .arguments
        .iter()
        .any(|argument| match &argument.ty {
            Type::Reference(reference) => borrowed(&reference.elem).is_some(),
            other => borrowed(other).is_some(),
        })
}

/// Rejects results that hold references, which no bytes become.
pub(crate) fn reject_references(function: &Function, what: &str, errors: &mut Errors) {
    let value = reference_in_value(&function.output);
    if let Some(span) = value.or_else(|| references(&function.output)) {
        let way_out = match value {
            Some(_) => "return an owned value, such as a `String`",
            None => "let the error be an owned value, such as a `String`",
        };
        errors.at(
            span,
            format!("{what}, which become no reference: {way_out}"),
        );
    }
}

/// May it be found out whether value and error have bytes? The compiler, which looks for a type's `Deserialize` before it looks
/// at lifetimes, would not take no for an answer.
pub(crate) fn may_be_probed(function: &Function) -> bool {
    references(&function.output).is_none() && borrowed(&function.output).is_none()
}
