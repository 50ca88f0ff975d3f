//! Decides from a function's tokens whether worker processes can run it, and rejects one that has
//! to and cannot.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{GenericParam, Type};

use crate::errors::Errors;
use crate::mode::Mode;
use crate::outcome::{borrowed, references};
use crate::self_type::mentions_own_type;
use crate::signature::Function;

/// Says whether worker processes can run a function, or why not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkerSupport {
    /// Its body is a function of its own, and registered.
    Registered,
    /// It runs where its callers are: the attribute asks for nothing else, or nothing here runs in
    /// processes.
    NotRequested,
    /// It is no free function without type parameters.
    NotFree,
    /// An argument holds references, which no worker could fill.
    BorrowedArgument,
}

impl WorkerSupport {
    /// Decides it. Where `mode` is a literal, what stands against it is an error at its place.
    pub(crate) fn of(function: &Function, mode: Mode, errors: &mut Errors) -> Self {
        if cfg!(not(feature = "map-process")) || mode == Mode::Here {
            return Self::NotRequested;
        }
        let demanded = mode == Mode::Processes;
        let (worker_support, span, message) = if let Some((span, what)) = not_free(function) {
            let message = format!(
                "worker processes find a function by its name, and {what}: move the body into a free function without type \
                 parameters that takes what it needs"
            );
            (Self::NotFree, span, message)
        } else if let Some((span, message)) = borrows_within(function) {
            (Self::BorrowedArgument, span, message.to_owned())
        } else if !demanded && may_be_method(function) {
            return Self::NotFree;
        } else if !demanded && lifetimes_within(function) {
            return Self::BorrowedArgument;
        } else {
            return Self::Registered;
        };
        if demanded {
            errors.at(span, message);
        }
        worker_support
    }
}

/// Finds what makes it something other than a free function without type parameters.
fn not_free(function: &Function) -> Option<(Span, &'static str)> {
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

/// Finds an argument that holds a reference or is `'static`. A worker makes it from bytes and lends
/// it for one execution.
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

/// Returns `true` if a type looks like a type parameter of the surrounding `impl`, such as `T` or
/// `E2`. No item within a function can name one.
fn may_be_method(function: &Function) -> bool {
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

/// Returns `true` if a type has a lifetime inside. Bytes can be read into some of those, such as
/// `Cow`; only a demand finds out.
fn lifetimes_within(function: &Function) -> bool {
    function
        .arguments
        .iter()
        .any(|argument| match &argument.ty {
            Type::Reference(reference) => borrowed(&reference.elem).is_some(),
            other => borrowed(other).is_some(),
        })
}
