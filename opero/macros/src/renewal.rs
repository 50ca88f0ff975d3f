//! A call that refreshes what the cache serves meanwhile: the decorated function, called again by its name with arguments
//! of its own. Where the signature shows that it cannot be, there is no such call, and somebody waits for the fresh value.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::visit::{self, Visit};
use syn::{GenericParam, Lifetime, Type, TypeParam, TypeParamBound, WherePredicate};

use crate::fallback::{Fallback, Values};
use crate::outcome::borrowed;
use crate::parameters::Parameters;
use crate::recipe::Plan;
use crate::scope::hidden;
use crate::signature::{Argument, Function, Kind, Passing};
use crate::spans::at;

impl Plan<'_> {
    /// The step of the recipe that adds it, where it is needed.
    pub(crate) fn renewing(&self) -> TokenStream {
        let place = self.settings.renewing.filter(|_| self.settings.cache);
        let Some(place) = place.filter(|_| self.can_renew()) else {
            return TokenStream::new();
        };
        let (door, unpack, function) = (self.door, self.scope().unpack(), self.function);
        let (shared, item) = (hidden("shared"), hidden("item"));
        let own = function.receiver.iter().filter(|_| function.shares_self);
        let own_name = hidden("kept_self");
        let own = own.map(|receiver| {
            let own = &receiver.self_token;
            (self.kept(&quote!(#own)), quote!(#own_name.lend()))
        });
        let scope = self.scope();
        let arguments = function.arguments.iter().enumerate();
        let arguments = arguments.filter_map(|(index, argument)| {
            let (seen, name) = (scope.seen(index)?, hidden(&format!("kept_{index}")));
            Some(match argument.passing {
                Passing::Copied => (name.clone(), self.kept(&seen), quote!(#name.lend())),
                Passing::Cloned => (
                    name.clone(),
                    quote!(#door::clone_argument(#seen)),
                    quote!(#name),
                ),
            })
        });
        let own = own.map(|(kept, passed)| (own_name.clone(), kept, passed));
        let (mut names, mut kept, mut passed) = (Vec::new(), Vec::new(), Vec::new());
        for (name, keeping, passing) in own.chain(arguments) {
            names.push(name);
            kept.push(keeping);
            passed.push(passing);
        }
        let name = &function.item.sig.ident;
        let path = match is_associated(function, self.parameters) {
            true => quote!(Self::#name),
            false => quote!(#name),
        };
        let generics = function.turbofish();
        let call = quote!(#path #generics(#(#passed),*));
        let job = match function.kind {
            Kind::Sync => quote! {
                Blocking(::std::boxed::Box::new(move || #door::ignore(#call)))
            },
            _ => quote! {
                Async(::std::boxed::Box::pin(async move { #door::ignore(#call.await) }))
            },
        };
        // What cannot be called on its own is the parameter's doing.
        let job = at(place, quote!(#door::Background::#job));
        quote! {
            .renewing(move |#shared, #item| {
                let _ = #item;
                #unpack
                #(let #names = #kept;)*
                ::core::option::Option::Some(#job)
            })
        }
    }

    /// An owned copy of what a reference refers to.
    fn kept(&self, reference: &TokenStream) -> TokenStream {
        let door = self.door;
        quote! {{
            use #door::{KeepNone as _, KeepOwned as _};
            #door::Lent(#reference).keep()?
        }}
    }

    /// Can it be called again on its own, as far as its tokens tell?
    fn can_renew(&self) -> bool {
        let function = self.function;
        // The kind of list is a part of the key, and a list of borrowed values has no owned one of its kind.
        let is_passed = |fallback: &Fallback| matches!(fallback.values, Values::Passed);
        let arguments = &function.arguments;
        let receiver = function.receiver.as_ref().map(|receiver| &*receiver.ty);
        !self.has_item
            && !self.fallback.is_some_and(is_passed)
            && !arguments.iter().any(|argument| shadows(argument, function))
            && arguments.iter().all(|argument| stands_alone(&argument.ty))
            && receiver.is_none_or(stands_alone)
            && generics_stand_alone(function)
    }
}

/// An argument of the function's own name hides it.
fn shadows(argument: &Argument, function: &Function) -> bool {
    argument.name == function.item.sig.ident
}

/// Does a value of this type, or what a reference refers to, borrow nothing?
fn stands_alone(ty: &Type) -> bool {
    let referent = match ty {
        Type::Reference(reference) => &*reference.elem,
        other => other,
    };
    let is_static = match referent {
        Type::ImplTrait(opaque) => has_static(opaque.bounds.iter()),
        _ => true,
    };
    is_static && borrowed(referent).is_none()
}

/// Are all of the function's own type parameters `'static` by their bounds?
fn generics_stand_alone(function: &Function) -> bool {
    let generics = &function.item.sig.generics;
    generics.params.iter().all(|parameter| match parameter {
        GenericParam::Type(TypeParam { ident, bounds, .. }) => {
            let clauses = generics.where_clause.iter();
            has_static(bounds.iter())
                || clauses.flat_map(|clause| &clause.predicates).any(|clause| {
                    matches!(clause, WherePredicate::Type(clause)
                        if is_named(&clause.bounded_ty, ident)
                            && has_static(clause.bounds.iter()))
                })
        }
        _ => true,
    })
}

fn is_named(ty: &Type, name: &Ident) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}

fn has_static<'a>(mut bounds: impl Iterator<Item = &'a TypeParamBound>) -> bool {
    bounds.any(|bound| matches!(bound, TypeParamBound::Lifetime(Lifetime { ident, .. }) if ident == "static"))
}

/// Is it found under `Self`? Of an associated function without a `self` only a `Self` in it tells, or `handle = Self`.
fn is_associated(function: &Function, parameters: &Parameters) -> bool {
    let by_handle = parameters
        .get("handle")
        .is_some_and(|handle| mentions_self(handle.value.to_token_stream()));
    function.receiver.is_some() || by_handle || mentions_own_type(function)
}

/// Is there a `Self` in it?
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

fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        _ => false,
    })
}
