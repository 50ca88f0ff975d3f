//! Names for lifetimes that a user left out, where the generated signature stands the type in a
//! bound.

use proc_macro2::Span;
use syn::visit_mut::{self, VisitMut};
use syn::{Generics, Lifetime, Type, parse_quote};

/// Gives every elided lifetime in `ty` the name `'__opero_{name}`, declared in `generics` if there
/// is one.
pub(crate) fn name_elided(ty: &mut Type, name: &str, generics: &mut Generics) {
    let lifetime = Lifetime::new(&format!("'__opero_{name}"), Span::mixed_site());
    let mut naming = Name {
        lifetime,
        found: false,
    };
    naming.visit_type_mut(ty);
    if naming.found {
        let lifetime = naming.lifetime;
        generics.params.insert(0, parse_quote!(#lifetime));
    }
}

struct Name {
    lifetime: Lifetime,
    found: bool,
}

impl VisitMut for Name {
    fn visit_type_reference_mut(&mut self, reference: &mut syn::TypeReference) {
        if reference.lifetime.is_none() {
            reference.lifetime = Some(self.lifetime.clone());
            self.found = true;
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = self.lifetime.clone();
            self.found = true;
        }
    }

    // Elided lifetimes in there are the function's own.
    fn visit_type_bare_fn_mut(&mut self, _: &mut syn::TypeBareFn) {}
    fn visit_parenthesized_generic_arguments_mut(
        &mut self,
        _: &mut syn::ParenthesizedGenericArguments,
    ) {
    }
}

/// The type without names for its lifetimes, for where those of the function are not known.
pub(crate) fn unnamed(ty: &Type) -> Type {
    struct Unname;
    impl VisitMut for Unname {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if lifetime.ident != "static" {
                *lifetime = Lifetime::new("'_", lifetime.span());
            }
        }
        // Those of `for<'a>` are its own.
        fn visit_type_bare_fn_mut(&mut self, _: &mut syn::TypeBareFn) {}
        fn visit_parenthesized_generic_arguments_mut(
            &mut self,
            _: &mut syn::ParenthesizedGenericArguments,
        ) {
        }
    }
    let mut ty = ty.clone();
    Unname.visit_type_mut(&mut ty);
    ty
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    #[test]
    fn only_lifetimes_that_were_left_out_get_a_name() {
        let mut generics: Generics = parse_quote!(<T>);
        let mut named: Type = parse_quote!(&'a [&'static T]);
        name_elided(&mut named, "x", &mut generics);
        assert_eq!(generics.params.len(), 1);
        let mut elided: Type = parse_quote!((&T, Cow<'_, str>, fn(&T) -> &T));
        name_elided(&mut elided, "x", &mut generics);
        assert_eq!(generics.params.len(), 2);
        let text = elided.to_token_stream().to_string();
        assert_eq!(text.matches("'__opero_x").count(), 2, "{text}");
    }
}
