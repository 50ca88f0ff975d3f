//! The error type of a function, as far as its signature tells: for bounds and types that the
//! generated signature names.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{GenericArgument, Type};

use crate::signature::last_segment;

/// What a return type is by its looks.
pub(crate) enum Outcome {
    /// `Result<T, opero::Error<E>>`.
    Transparent {
        /// `T`.
        value: TokenStream,
        /// `E`.
        inner: TokenStream,
        /// `opero::Error<E>`.
        error: TokenStream,
    },
    /// Another `Result`, written out or as an alias.
    Result,
    /// Not a `Result`.
    Plain,
}

impl Outcome {
    /// Looks at `output`; `facade` is the name under which the function knows this crate.
    pub(crate) fn of(output: &Type, facade: &TokenStream) -> Self {
        let Some((name, arguments)) = last_segment(output) else {
            return Self::Plain;
        };
        if !name.ends_with("Result") {
            return Self::Plain;
        }
        let types: Vec<_> = arguments
            .into_iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect();
        match (name.as_str(), &types[..]) {
            ("Result", [value, error]) => match opero_error(error, facade) {
                Some(inner) => Self::Transparent {
                    value: value.to_token_stream(),
                    inner: inner.to_token_stream(),
                    error: error.to_token_stream(),
                },
                None => Self::Result,
            },
            _ => Self::Result,
        }
    }
}

/// Returns `true` if the value looks like `()`.
pub(crate) fn is_unit(output: &Type) -> bool {
    let is_empty = |ty: &Type| matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty());
    let value = |argument: &GenericArgument| match argument {
        GenericArgument::Type(ty) => Some(is_empty(ty)),
        _ => None,
    };
    is_empty(output)
        || last_segment(output).is_some_and(|(name, arguments)| {
            name.ends_with("Result") && arguments.iter().find_map(value) == Some(true)
        })
}

/// `E` of `opero::Error<E>`, or of a plain `Error<E>`, which is taken to be imported.
fn opero_error(error: &Type, facade: &TokenStream) -> Option<Type> {
    let (name, arguments) = last_segment(error)?;
    let Type::Path(path) = error else { return None };
    let ours = match path.path.segments.len() {
        1 => true,
        2 => {
            let crate_name = path.path.segments.first()?.ident.to_string();
            crate_name == "opero" || facade.to_string().trim_start_matches(":: ") == crate_name
        }
        _ => false,
    };
    match (name.as_str(), &arguments[..]) {
        ("Error", [GenericArgument::Type(inner)]) if ours => Some(inner.clone()),
        _ => None,
    }
}

/// The error type for the bound of a list of fallback values.
pub(crate) fn error_for_lists(
    output: &Type,
    facade: &TokenStream,
    runtime: &TokenStream,
) -> TokenStream {
    match Outcome::of(output, facade) {
        Outcome::Transparent { .. } => quote!(#runtime::Anything),
        Outcome::Plain => quote!(::core::convert::Infallible),
        Outcome::Result => match last_segment(output) {
            Some((name, arguments)) if name == "Result" && arguments.len() == 2 => {
                arguments[1].to_token_stream()
            }
            _ => quote!(<#output as #runtime::Outcome>::Err),
        },
    }
}

/// Where a type borrows, by a reference or a lifetime that is not `'static`.
pub(crate) fn borrowed(ty: &Type) -> Option<Span> {
    let mut find = FindBorrow(None);
    find.visit_type(ty);
    find.0
}

/// Where the value of a function with that output is or holds a reference, by its tokens.
///
/// Bytes never become one, not even a `&'static str`; and the compiler, which looks for a type's
/// `Deserialize` before it looks at lifetimes, would say so in words about lifetimes.
pub(crate) fn reference_in_value(output: &Type) -> Option<Span> {
    let value = last_segment(output)
        .filter(|(name, _)| name.ends_with("Result"))
        .and_then(|(_, arguments)| {
            arguments.into_iter().find_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
        });
    references(value.as_ref().unwrap_or(output))
}

/// Where a type is or holds a reference, by its tokens.
pub(crate) fn references(ty: &Type) -> Option<Span> {
    let mut find = FindReference(None);
    find.visit_type(ty);
    find.0
}

struct FindReference(Option<Span>);

impl<'ast> Visit<'ast> for FindReference {
    fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
        self.0.get_or_insert(reference.span());
    }

    // What a function takes is none of the value's.
    fn visit_type_bare_fn(&mut self, _: &'ast syn::TypeBareFn) {}
    fn visit_parenthesized_generic_arguments(
        &mut self,
        _: &'ast syn::ParenthesizedGenericArguments,
    ) {
    }
}

struct FindBorrow(Option<Span>);

impl<'ast> Visit<'ast> for FindBorrow {
    fn visit_type_reference(&mut self, reference: &'ast syn::TypeReference) {
        if reference.lifetime.is_none() {
            self.0.get_or_insert(reference.span());
        }
        syn::visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast syn::Lifetime) {
        if lifetime.ident != "static" {
            self.0.get_or_insert(lifetime.span());
        }
    }

    // What a function pointer or a closure type takes is not borrowed by the value.
    fn visit_type_bare_fn(&mut self, _: &'ast syn::TypeBareFn) {}
    fn visit_parenthesized_generic_arguments(
        &mut self,
        _: &'ast syn::ParenthesizedGenericArguments,
    ) {
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn looks(output: &Type) -> &'static str {
        match Outcome::of(output, &quote!(::renamed)) {
            Outcome::Transparent { .. } => "transparent",
            Outcome::Result => "result",
            Outcome::Plain => "plain",
        }
    }

    #[test]
    fn return_types_are_read_by_their_looks() {
        assert_eq!(
            looks(&parse_quote!(Result<u8, opero::Error<E>>)),
            "transparent"
        );
        assert_eq!(
            looks(&parse_quote!(std::result::Result<u8, renamed::Error<E>>)),
            "transparent"
        );
        assert_eq!(looks(&parse_quote!(Result<u8, Error<E>>)), "transparent");
        assert_eq!(looks(&parse_quote!(Result<u8, other::Error<E>>)), "result");
        assert_eq!(looks(&parse_quote!(Result<u8, Error>)), "result");
        assert_eq!(looks(&parse_quote!(std::io::Result<u8>)), "result");
        assert_eq!(looks(&parse_quote!(Option<Result<u8, E>>)), "plain");
    }

    #[test]
    fn the_empty_value_is_seen_in_every_result() {
        assert!(is_unit(&parse_quote!(())));
        assert!(is_unit(&parse_quote!(Result<(), E>)));
        assert!(is_unit(&parse_quote!(std::io::Result<()>)));
        assert!(!is_unit(&parse_quote!(Result<u8, ()>)));
        assert!(!is_unit(&parse_quote!(Option<()>)));
        assert!(!is_unit(&parse_quote!(((), ()))));
    }

    #[test]
    fn borrows_are_found_wherever_they_stand() {
        assert!(borrowed(&parse_quote!(Result<&str, E>)).is_some());
        assert!(borrowed(&parse_quote!(Option<Cow<'_, str>>)).is_some());
        assert!(borrowed(&parse_quote!(&'static str)).is_none());
        assert!(borrowed(&parse_quote!(Arc<dyn Fn(&str) -> &str>)).is_none());
        assert!(borrowed(&parse_quote!(fn(&str) -> u8)).is_none());
    }
}
