//! What the expansion needs to know of a function: how it runs, what it returns, and each argument.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{
    Attribute, FnArg, GenericArgument, GenericParam, ItemFn, Pat, PatType, PathArguments, Receiver,
    ReturnType, Signature, Type, TypeParamBound,
};

use crate::attributes::{allow_expected, is_macro};
use crate::errors::Errors;
use crate::receiver::{ReplaceSelf, is_reference, own_name};
use crate::recursion;

/// How a function runs.
#[derive(Clone)]
pub(crate) enum Kind {
    /// `fn`.
    Sync,
    /// `async fn`.
    Async,
    /// `fn` that returns a boxed future of that type: written by hand, or by `#[async_trait]`.
    Boxed(Box<Type>),
}

/// How an attempt gets its argument.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Passing {
    /// A shared reference is copied.
    Copied,
    /// Anything else is cloned.
    Cloned,
}

/// One argument.
#[derive(Clone)]
pub(crate) struct Argument {
    /// Its name in the generated signature.
    pub(crate) name: Ident,
    /// Its pattern in the body.
    pub(crate) pattern: TokenStream,
    pub(crate) ty: Type,
    pub(crate) passing: Passing,
    /// Its name as users know it, if the pattern is a plain name.
    pub(crate) known_as: Option<String>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) span: Span,
}

/// A function.
pub(crate) struct Function {
    pub(crate) item: ItemFn,
    pub(crate) kind: Kind,
    /// What the body returns, awaited.
    pub(crate) output: Type,
    /// All arguments but `self`; a `self` that is taken by value is the first of them.
    pub(crate) arguments: Vec<Argument>,
    /// The receiver, as it stands in the generated signature.
    pub(crate) receiver: Option<Receiver>,
    /// Whether there is a `self` that the closures copy.
    pub(crate) shares_self: bool,
}

impl Function {
    /// Takes a function apart, or says what cannot work.
    pub(crate) fn read(mut item: ItemFn, errors: &mut Errors) -> Self {
        reject_qualifiers(&item.sig, errors);
        allow_expected(&mut item.attrs);
        let (kind, output) = kind_and_output(&item.sig, errors);
        let mut receiver = None;
        let mut shares_self = false;
        let mut arguments = Vec::new();
        for (index, input) in std::mem::take(&mut item.sig.inputs).into_iter().enumerate() {
            match input {
                FnArg::Receiver(mut own) => {
                    if is_reference(&own, errors) {
                        shares_self = true;
                    } else {
                        ReplaceSelf::new(own.self_token.span, errors)
                            .visit_block_mut(&mut item.block);
                        arguments.push(own_self(&mut own));
                    }
                    receiver = Some(own);
                }
                FnArg::Typed(typed) => arguments.push(argument(index, typed, errors)),
            }
        }
        Self {
            item,
            kind,
            output,
            arguments,
            receiver,
            shares_self,
        }
    }

    /// The arguments' names, for messages.
    pub(crate) fn known_names(&self) -> Vec<String> {
        self.arguments
            .iter()
            .filter_map(|argument| argument.known_as.clone())
            .collect()
    }

    /// Returns `true` if the body calls the function itself.
    pub(crate) fn is_recursive(&self) -> bool {
        recursion::calls(&self.item.block, &self.item.sig.ident)
    }

    /// Its type and constant parameters, for a call whose arguments may leave them open.
    pub(crate) fn turbofish(&self) -> TokenStream {
        let parameters = self.item.sig.generics.params.iter();
        let names: Vec<_> = parameters
            .filter_map(|parameter| match parameter {
                GenericParam::Type(ty) => Some(&ty.ident),
                GenericParam::Const(constant) => Some(&constant.ident),
                GenericParam::Lifetime(_) => None,
            })
            .collect();
        match names.is_empty() {
            true => TokenStream::new(),
            false => quote!(::<#(#names),*>),
        }
    }

    /// Returns `true` if attributes that are expanded after this one may read the generated
    /// function.
    pub(crate) fn is_read_by_macros(&self) -> bool {
        self.item.attrs.iter().any(is_macro)
    }

    /// Returns `true` if it is awaited.
    pub(crate) fn is_async(&self) -> bool {
        !matches!(self.kind, Kind::Sync)
    }
}

/// The argument that stands for a `self` taken by value. The receiver in the signature loses its
/// `mut`.
fn own_self(receiver: &mut Receiver) -> Argument {
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

fn reject_qualifiers(sig: &Signature, errors: &mut Errors) {
    if let Some(token) = &sig.constness {
        errors.at(
            token.span(),
            "a `const fn` cannot be decorated, since a call may wait: remove `const`",
        );
    }
    if let Some(token) = &sig.unsafety {
        errors.at(
            token.span(),
            "an `unsafe fn` cannot be decorated, since it would be called again without its caller's promise: \
             decorate a safe function that calls it",
        );
    }
    if let Some(abi) = &sig.abi {
        errors.at(
            abi.span(),
            "an `extern fn` cannot be decorated: decorate a Rust function that calls it",
        );
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(
            variadic.span(),
            "a variadic function cannot be decorated: decorate a Rust function that calls it",
        );
    }
}

fn argument(index: usize, typed: PatType, errors: &mut Errors) -> Argument {
    let span = typed.pat.span();
    let PatType {
        mut attrs, pat, ty, ..
    } = typed;
    allow_expected(&mut attrs);
    let passing = match &*ty {
        Type::Reference(reference) if reference.mutability.is_some() => {
            errors.at(
                ty.span(),
                "an attempt cannot share `&mut` with the next one: take `&` and a `Mutex` or an atomic, or take the value \
                 and return the new one",
            );
            Passing::Copied
        }
        Type::Reference(_) => Passing::Copied,
        _ => Passing::Cloned,
    };
    let plain = match &*pat {
        Pat::Ident(ident) if ident.by_ref.is_none() && ident.subpat.is_none() => {
            Some(ident.ident.clone())
        }
        _ => None,
    };
    Argument {
        known_as: plain.as_ref().map(Ident::to_string),
        name: plain.unwrap_or_else(|| format_ident!("__opero_argument_{index}")),
        pattern: pat.into_token_stream(),
        ty: *ty,
        passing,
        attributes: attrs,
        span,
    }
}

fn kind_and_output(sig: &Signature, errors: &mut Errors) -> (Kind, Type) {
    let written = match &sig.output {
        ReturnType::Default => syn::parse_quote!(()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    let mut opaque = FindOpaque(None);
    opaque.visit_type(&written);
    if let Some(span) = opaque.0 {
        errors.at(
            span,
            "a decorated function cannot return `impl Trait`, since the pipeline keeps its results: name the type, or \
             return `Box<dyn …>`",
        );
    }
    if sig.asyncness.is_some() {
        return (Kind::Async, written);
    }
    match boxed_output(&written) {
        Some(output) => (Kind::Boxed(Box::new(written)), output),
        None => (Kind::Sync, written),
    }
}

struct FindOpaque(Option<Span>);

impl<'ast> Visit<'ast> for FindOpaque {
    fn visit_type_impl_trait(&mut self, opaque: &'ast syn::TypeImplTrait) {
        self.0.get_or_insert(opaque.span());
    }
}

/// `R` of `Pin<Box<dyn Future<Output = R> + …>>` or `BoxFuture<'_, R>`.
fn boxed_output(ty: &Type) -> Option<Type> {
    let (name, arguments) = last_segment(ty)?;
    let inner = arguments.iter().rev().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })?;
    match name.as_str() {
        "BoxFuture" => Some(inner.clone()),
        "Pin" => {
            let (name, arguments) = last_segment(inner)?;
            match (name.as_str(), arguments.first()) {
                ("Box", Some(GenericArgument::Type(Type::TraitObject(object)))) => {
                    object.bounds.iter().find_map(future_output)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn future_output(bound: &TypeParamBound) -> Option<Type> {
    let TypeParamBound::Trait(bound) = bound else {
        return None;
    };
    let segment = bound.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(output)
            if segment.ident == "Future" && output.ident == "Output" =>
        {
            Some(output.ty.clone())
        }
        _ => None,
    })
}

/// The last name of a path type, with its arguments.
pub(crate) fn last_segment(ty: &Type) -> Option<(String, Vec<GenericArgument>)> {
    let ty = match ty {
        Type::Group(group) => &*group.elem,
        Type::Paren(paren) => &*paren.elem,
        other => other,
    };
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().cloned().collect(),
        _ => Vec::new(),
    };
    Some((segment.ident.to_string(), arguments))
}

/// The tuple of these arguments' names.
pub(crate) fn tuple_of<'a>(names: impl Iterator<Item = &'a Ident>) -> TokenStream {
    quote!((#(#names,)*))
}
