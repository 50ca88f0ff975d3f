//! What attributes on the function and in its signature say that the expansion has to follow.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, GenericParam, ItemFn, Meta, Token, parse_quote};

/// Attributes of the compiler, which leave a function's tokens alone. Any other one may be a macro.
const INERT: &[&str] = &[
    "allow",
    "automatically_derived",
    "cfg",
    "cfg_attr",
    "cold",
    "deny",
    "deprecated",
    "doc",
    "expect",
    "export_name",
    "forbid",
    "ignore",
    "inline",
    "link_section",
    "must_use",
    "no_mangle",
    "should_panic",
    "target_feature",
    "track_caller",
    "warn",
];

/// Tools whose attributes the compiler skips.
const TOOLS: &[&str] = &["clippy", "diagnostic", "miri", "rust_analyzer", "rustfmt"];

/// Returns `true` if `attribute` may be a macro, which reads the function that it stands on.
pub(crate) fn is_macro(attribute: &Attribute) -> bool {
    let path = attribute.path();
    match path.get_ident() {
        Some(name) => !INERT.iter().any(|inert| name == inert),
        None => path
            .segments
            .first()
            .is_none_or(|first| !TOOLS.iter().any(|tool| first.ident == tool)),
    }
}

/// Makes an `allow` of each `expect`: the lint fires in one of the generated functions only, or in
/// none.
pub(crate) fn allow_expected(attributes: &mut [Attribute]) {
    for attribute in attributes {
        attribute.meta = allowed(attribute.meta.clone());
    }
}

fn allowed(mut meta: Meta) -> Meta {
    if let Meta::List(list) = &mut meta {
        if list.path.is_ident("expect") {
            let span = list.path.segments[0].ident.span();
            list.path = syn::Ident::new("allow", span).into();
        } else if list.path.is_ident("cfg_attr")
            && let Some((condition, attributes)) = conditional(list.tokens.clone())
        {
            let attributes = attributes.into_iter().map(allowed);
            list.tokens = quote!(#condition, #(#attributes),*);
        }
    }
    meta
}

/// The condition of a `cfg_attr`, and its attributes.
fn conditional(tokens: TokenStream) -> Option<(TokenStream, Vec<Meta>)> {
    let mut tokens = tokens.into_iter();
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let condition = tokens
        .by_ref()
        .take_while(|token| !is_comma(token))
        .collect();
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let attributes = syn::parse::Parser::parse2(parser, tokens.collect()).ok()?;
    Some((condition, attributes.into_iter().collect()))
}

/// A function as it is under a condition in its signature, and as it is otherwise.
pub(crate) struct Split {
    pub(crate) condition: TokenStream,
    pub(crate) holds: ItemFn,
    pub(crate) fails: ItemFn,
}

/// Splits `item` at the first argument or generic parameter under a `#[cfg]`, which no macro can
/// judge.
///
/// The compiler takes one of the two functions, and expands the attribute that is put on it; so
/// further conditions are split then.
pub(crate) fn split(item: &ItemFn) -> Option<Split> {
    let inputs = item.sig.inputs.iter().map(attributes_of_input);
    let generics = item.sig.generics.params.iter().map(attributes_of_generic);
    let (place, index) = inputs
        .chain(generics)
        .enumerate()
        .find_map(|(place, attributes)| {
            let index = attributes.iter().position(decides)?;
            Some((place, index))
        })?;
    let (mut holds, mut fails) = (item.clone(), item.clone());
    let attribute = attributes_at(&mut holds, place).remove(index);
    let tokens = attribute.meta.require_list().ok()?.tokens.clone();
    let condition = match attribute.path().is_ident("cfg") {
        true => {
            remove_at(&mut fails, place);
            tokens
        }
        false => {
            let (condition, attributes) = conditional(tokens)?;
            attributes_at(&mut fails, place).remove(index);
            let attributes = attributes.into_iter().map(|meta| parse_quote!(#[#meta]));
            attributes_at(&mut holds, place).splice(index..index, attributes);
            condition
        }
    };
    Some(Split {
        condition,
        holds,
        fails,
    })
}

/// Returns `true` if it decides whether something is there, or what the expansion makes of it.
fn decides(attribute: &Attribute) -> bool {
    let matters = |meta: &Meta| {
        ["cfg", "cfg_attr", "fallback"]
            .iter()
            .any(|name| meta.path().is_ident(name))
    };
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg_attr") => conditional(list.tokens.clone())
            .is_some_and(|(_, attributes)| attributes.iter().any(matters)),
        meta => meta.path().is_ident("cfg"),
    }
}

fn attributes_of_input(input: &FnArg) -> &Vec<Attribute> {
    match input {
        FnArg::Receiver(receiver) => &receiver.attrs,
        FnArg::Typed(typed) => &typed.attrs,
    }
}

fn attributes_of_generic(parameter: &GenericParam) -> &Vec<Attribute> {
    match parameter {
        GenericParam::Lifetime(lifetime) => &lifetime.attrs,
        GenericParam::Type(ty) => &ty.attrs,
        GenericParam::Const(constant) => &constant.attrs,
    }
}

/// The attributes at a place among the arguments and, after those, the generic parameters.
fn attributes_at(item: &mut ItemFn, place: usize) -> &mut Vec<Attribute> {
    let inputs = item.sig.inputs.len();
    if place < inputs {
        return match &mut item.sig.inputs[place] {
            FnArg::Receiver(receiver) => &mut receiver.attrs,
            FnArg::Typed(typed) => &mut typed.attrs,
        };
    }
    match &mut item.sig.generics.params[place - inputs] {
        GenericParam::Lifetime(lifetime) => &mut lifetime.attrs,
        GenericParam::Type(ty) => &mut ty.attrs,
        GenericParam::Const(constant) => &mut constant.attrs,
    }
}

fn remove_at(item: &mut ItemFn, place: usize) {
    let inputs = std::mem::take(&mut item.sig.inputs);
    let count = inputs.len();
    let others = inputs
        .into_iter()
        .enumerate()
        .filter(|(index, _)| *index != place);
    item.sig.inputs = others.map(|(_, input)| input).collect();
    let generics = std::mem::take(&mut item.sig.generics.params);
    let others = generics
        .into_iter()
        .enumerate()
        .filter(|(index, _)| index + count != place);
    item.sig.generics.params = others.map(|(_, parameter)| parameter).collect();
}

impl Split {
    /// Both functions, each under its condition and the attribute.
    pub(crate) fn expand(&self, attribute: &TokenStream) -> TokenStream {
        let Self {
            condition,
            holds,
            fails,
        } = self;
        let (holds, fails) = (holds.to_token_stream(), fails.to_token_stream());
        quote! {
            #[cfg(#condition)]
            #[#attribute]
            #holds
            #[cfg(not(#condition))]
            #[#attribute]
            #fails
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(tokens: &impl ToTokens) -> String {
        tokens.to_token_stream().to_string()
    }

    #[test]
    fn a_condition_is_split_off_wherever_it_stands() {
        let item: ItemFn = parse_quote! {
            fn f<#[cfg(a)] T>(x: u8, #[cfg_attr(b, fallback(1), allow(unused))] y: u8) {}
        };
        let argument = split(&item).unwrap();
        assert_eq!(argument.condition.to_string(), "b");
        let holds = quote! {
            fn f<#[cfg(a)] T>(x: u8, #[fallback(1)] #[allow(unused)] y: u8) {}
        };
        assert_eq!(written(&argument.holds), holds.to_string());
        let fails = quote!(
            fn f<#[cfg(a)] T>(x: u8, y: u8) {}
        );
        assert_eq!(written(&argument.fails), fails.to_string());

        let generic = split(&argument.fails).unwrap();
        assert_eq!(
            written(&generic.holds),
            quote!(
                fn f<T>(x: u8, y: u8) {}
            )
            .to_string()
        );
        assert_eq!(generic.fails.sig.generics.params.len(), 0);

        let item = parse_quote!(
            #[cfg(a)]
            fn f(
                #[allow(unused)]
                #[cfg_attr(b, allow(c))]
                x: u8,
            ) {
            }
        );
        assert!(split(&item).is_none());
    }

    #[test]
    fn what_is_expected_is_allowed() {
        let mut attributes: Vec<Attribute> = vec![
            parse_quote!(#[expect(unused, reason = "r")]),
            parse_quote!(#[cfg_attr(all(a, b), expect(dead_code), inline)]),
            parse_quote!(#[must_use]),
        ];
        allow_expected(&mut attributes);
        let expected = quote! {
            #[allow(unused, reason = "r")]
            #[cfg_attr(all(a, b), allow(dead_code), inline)]
            #[must_use]
        };
        assert_eq!(quote!(#(#attributes)*).to_string(), expected.to_string());
    }

    #[test]
    fn macros_are_told_from_attributes_of_the_compiler() {
        assert!(is_macro(&parse_quote!(#[instrument])));
        assert!(is_macro(&parse_quote!(#[tracing::instrument(err)])));
        assert!(!is_macro(&parse_quote!(#[doc = "x"])));
        assert!(!is_macro(
            &parse_quote!(#[clippy::cognitive_complexity = "1"])
        ));
    }
}
