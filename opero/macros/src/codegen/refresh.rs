//! The background refresh of a stale value: calls the decorated function again by its name, with
//! owned arguments. If the signature shows that this is impossible, a caller waits for the fresh
//! value.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{GenericParam, Lifetime, Type, TypeParam, TypeParamBound, WherePredicate};

use crate::decorated::Decorated;
use crate::fallback::{Fallback, Values};
use crate::outcome::borrowed;
use crate::parameters::Parameters;
use crate::self_type::{mentions_own_type, mentions_self};
use crate::signature::{Argument, Function, Kind, Passing};
use crate::spans::{at, hidden};

/// Makes the builder's step that adds it, where it is needed.
pub(crate) fn background_refresh(decorated: &Decorated<'_>) -> TokenStream {
    let place = decorated
        .settings
        .renewing
        .filter(|_| decorated.settings.cache);
    let Some(place) = place.filter(|_| can_refresh(decorated)) else {
        return TokenStream::new();
    };
    let (runtime, unpack, function) = (
        decorated.runtime,
        decorated.arguments().unpack(),
        decorated.function,
    );
    let (shared, item) = (hidden("shared"), hidden("item"));
    let own = function.receiver.iter().filter(|_| function.shares_self);
    let own_name = hidden("kept_self");
    let own = own.map(|receiver| {
        let own = &receiver.self_token;
        (kept(decorated, &quote!(#own)), quote!(#own_name.lend()))
    });
    let arguments = decorated.arguments();
    let others = function.arguments.iter().enumerate();
    let others = others.filter_map(|(index, argument)| {
        let (seen, name) = (arguments.seen(index)?, hidden(&format!("kept_{index}")));
        Some(match argument.passing {
            Passing::Copied => (name.clone(), kept(decorated, &seen), quote!(#name.lend())),
            Passing::Cloned => (
                name.clone(),
                quote!(#runtime::clone_argument(#seen)),
                quote!(#name),
            ),
        })
    });
    let own = own.map(|(kept, passed)| (own_name.clone(), kept, passed));
    let (mut names, mut kept, mut passed) = (Vec::new(), Vec::new(), Vec::new());
    for (name, keeping, passing) in own.chain(others) {
        names.push(name);
        kept.push(keeping);
        passed.push(passing);
    }
    let name = &function.item.sig.ident;
    let path = match is_associated(function, decorated.parameters) {
        true => quote!(Self::#name),
        false => quote!(#name),
    };
    let generics = function.turbofish();
    let call = quote!(#path #generics(#(#passed),*));
    let job = match function.kind {
        Kind::Sync => quote! {
            Blocking(::std::boxed::Box::new(move || #runtime::ignore(#call)))
        },
        _ => quote! {
            Async(::std::boxed::Box::pin(async move { #runtime::ignore(#call.await) }))
        },
    };
    // What cannot be called on its own is the parameter's doing.
    let job = at(place, quote!(#runtime::Background::#job));
    quote! {
        .with_refresh(move |#shared, #item| {
            let _ = #item;
            #unpack
            #(let #names = #kept;)*
            ::core::option::Option::Some(#job)
        })
    }
}

/// An owned copy of what a reference refers to.
fn kept(decorated: &Decorated<'_>, reference: &TokenStream) -> TokenStream {
    let runtime = decorated.runtime;
    quote! {{
        use #runtime::{KeepNone as _, KeepOwned as _};
        #runtime::Lent(#reference).keep()?
    }}
}

/// Returns `true` if its tokens show that it can be called again on its own.
fn can_refresh(decorated: &Decorated<'_>) -> bool {
    let function = decorated.function;
    // The kind of list is a part of the key, and a list of borrowed values has no owned one of its
    // kind.
    let is_passed = |fallback: &Fallback| matches!(fallback.values, Values::Passed);
    let arguments = &function.arguments;
    let receiver = function.receiver.as_ref().map(|receiver| &*receiver.ty);
    !decorated.has_item
        && !decorated.fallback.is_some_and(is_passed)
        && !arguments.iter().any(|argument| shadows(argument, function))
        && arguments.iter().all(|argument| stands_alone(&argument.ty))
        && receiver.is_none_or(stands_alone)
        && generics_stand_alone(function)
}

/// An argument of the function's own name hides it.
fn shadows(argument: &Argument, function: &Function) -> bool {
    argument.name == function.item.sig.ident
}

/// Returns `true` if a value of this type, or what a reference refers to, borrows nothing.
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

/// Returns `true` if all of the function's own type parameters are `'static` by their bounds.
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

/// Returns `true` if it is found under `Self`. An associated function without a `self` shows this
/// by a `Self` in it, or by `handle = Self`.
fn is_associated(function: &Function, parameters: &Parameters) -> bool {
    let by_handle = parameters
        .get("handle")
        .is_some_and(|handle| mentions_self(handle.value.to_token_stream()));
    function.receiver.is_some() || by_handle || mentions_own_type(function)
}
