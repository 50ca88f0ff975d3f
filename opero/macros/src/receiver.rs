//! `self`: a reference is copied into the closures as it is; a value is an argument like any other,
//! under another name.

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Item, LitStr, Macro, Receiver, Type};

use crate::errors::Errors;

/// Returns `true` if it is `&self`, or a typed `self` that is a reference. `&mut self` is rejected.
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

pub(crate) fn own_name(span: Span) -> Ident {
    // The span of the user's `self`, so that messages about it point there.
    Ident::new(OWN, span)
}

const OWN: &str = "__opero_self";

/// Gives `self` in a body its other name; functions nested in the body have a `self` of their own.
pub(crate) struct ReplaceSelf<'a> {
    /// The place of the receiver, whose name a format string captures.
    receiver: Span,
    errors: &'a mut Errors,
}

impl<'a> ReplaceSelf<'a> {
    pub(crate) fn new(receiver: Span, errors: &'a mut Errors) -> Self {
        Self { receiver, errors }
    }

    fn replace_in(&mut self, mac: &mut Macro) {
        let name = mac
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string());
        let tokens = std::mem::take(&mut mac.tokens);
        mac.tokens = self.replaced(tokens, name.as_deref());
    }
}

impl VisitMut for ReplaceSelf<'_> {
    fn visit_expr_path_mut(&mut self, path: &mut syn::ExprPath) {
        if path.path.is_ident("self")
            && let Some(segment) = path.path.segments.first_mut()
        {
            segment.ident = own_name(segment.ident.span());
        }
        visit_mut::visit_expr_path_mut(self, path);
    }

    fn visit_macro_mut(&mut self, mac: &mut Macro) {
        self.replace_in(mac);
    }

    fn visit_item_mut(&mut self, item: &mut Item) {
        // What a macro of the body expands to stands in the body.
        if let Item::Macro(definition) = item {
            self.replace_in(&mut definition.mac);
        }
    }
}

impl ReplaceSelf<'_> {
    /// The tokens of a group; of `call`, if they are what a macro of that name is given.
    fn replaced(&mut self, tokens: TokenStream, call: Option<&str>) -> TokenStream {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let text = call.and_then(|call| captured_text(&tokens, call));
        let mut output = TokenStream::new();
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            let own = length_of_own_function(&tokens[index..]);
            if own > 0 {
                output.extend(tokens[index..index + own].iter().cloned());
                index += own;
                continue;
            }
            output.extend([match token {
                TokenTree::Ident(ident) if ident == "self" && stands_alone(&tokens, index) => {
                    own_name(ident.span()).into()
                }
                TokenTree::Group(group) => {
                    let inner = self.replaced(group.stream(), called(&tokens[..index]).as_deref());
                    let mut inner = Group::new(group.delimiter(), inner);
                    inner.set_span(group.span());
                    inner.into()
                }
                TokenTree::Literal(literal) if text == Some(index) => {
                    self.renamed(literal, call.unwrap_or_default())
                }
                other => other.clone(),
            }]);
            index += 1;
        }
        output
    }

    /// A format string that captures `self` under its other name.
    fn renamed(&mut self, literal: &Literal, call: &str) -> TokenTree {
        if place_of_format(call).is_none() {
            self.errors.at(
                literal.span(),
                format!(
                    "`self` is taken by value, so every attempt has one of its own, and `{call}!` is not known to take a \
                     format string that could find it: write `let this = &self;` before it and `{{this}}` here"
                ),
            );
        }
        let text = syn::parse_str::<LitStr>(&literal.to_string()).map(|text| text.value());
        let mut renamed = Literal::string(&with_other_name(&text.unwrap_or_default()));
        renamed.set_span(self.receiver.located_at(literal.span()));
        renamed.into()
    }
}

/// Returns `true` if it is the value, and neither part of a path, nor a name that a macro gives its
/// input.
fn stands_alone(tokens: &[TokenTree], index: usize) -> bool {
    let is = |token: Option<&TokenTree>, sign| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
    let before = index.checked_sub(1).and_then(|before| tokens.get(before));
    !is(tokens.get(index + 1), ':') && !is(before, '$')
}

/// The length of a `fn` with a `self` of its own that the tokens begin with, or 0.
fn length_of_own_function(tokens: &[TokenTree]) -> usize {
    let is_self = |token: TokenTree| matches!(token, TokenTree::Ident(ident) if ident == "self");
    let is_group = |token: &TokenTree, delimiter| matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter);
    if !matches!(tokens.first(), Some(TokenTree::Ident(ident)) if ident == "fn") {
        return 0;
    }
    let inputs = tokens
        .iter()
        .position(|token| is_group(token, Delimiter::Parenthesis));
    let Some((inputs, TokenTree::Group(group))) = inputs.map(|inputs| (inputs, &tokens[inputs]))
    else {
        return 0;
    };
    if !group.stream().into_iter().any(is_self) {
        return 0;
    }
    let body = tokens[inputs..]
        .iter()
        .position(|token| is_group(token, Delimiter::Brace));
    body.map_or(tokens.len(), |body| inputs + body + 1)
}

/// The name of the macro that a group after these tokens is given to.
fn called(before: &[TokenTree]) -> Option<String> {
    match before {
        [.., TokenTree::Ident(name), TokenTree::Punct(punct)] if punct.as_char() == '!' => {
            Some(name.to_string())
        }
        _ => None,
    }
}

/// Where a macro has its format string among its arguments.
enum Format {
    At(usize),
    Anywhere,
}

/// `None` of a macro that is not known to have one.
fn place_of_format(call: &str) -> Option<Format> {
    Some(match call {
        "format" | "format_args" | "print" | "println" | "eprint" | "eprintln" | "panic"
        | "todo" | "unimplemented" | "unreachable" | "anyhow" | "eyre" | "bail" => Format::At(0),
        "write" | "writeln" | "assert" | "debug_assert" | "ensure" => Format::At(1),
        "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => Format::At(2),
        "trace" | "debug" | "info" | "warn" | "error" | "log" | "event" => Format::Anywhere,
        _ => return None,
    })
}

/// Macros that take texts as they are.
const PLAIN: &[&str] = &[
    "compile_error",
    "concat",
    "dbg",
    "env",
    "json",
    "matches",
    "option_env",
    "stringify",
    "vec",
];

/// The place of the text in a macro's arguments that captures `self`, if the macro may make a
/// format string of it.
fn captured_text(tokens: &[TokenTree], call: &str) -> Option<usize> {
    let place = place_of_format(call);
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let mut argument = 0;
    for (index, token) in tokens.iter().enumerate() {
        argument += usize::from(is_comma(token));
        let is_whole = (index == 0 || is_comma(&tokens[index - 1]))
            && tokens.get(index + 1).is_none_or(is_comma);
        let TokenTree::Literal(literal) = token else {
            continue;
        };
        let Ok(text) = syn::parse_str::<LitStr>(&literal.to_string()) else {
            continue;
        };
        let is_format = match place {
            Some(Format::At(place)) => argument == place,
            Some(Format::Anywhere) => true,
            None => !PLAIN.contains(&call),
        };
        if is_whole && is_format && with_other_name(&text.value()) != text.value() {
            return Some(index);
        }
    }
    None
}

/// A format string with the other name in place of a captured `self`, be it a value, a width or a
/// precision.
fn with_other_name(text: &str) -> String {
    let mut output = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        output.push_str(&rest[..=open]);
        rest = &rest[open + 1..];
        if let Some(escaped) = rest.strip_prefix('{') {
            output.push('{');
            rest = escaped;
            continue;
        }
        let (inner, after) = rest.split_at(rest.find('}').unwrap_or(rest.len()));
        let (name, spec) = inner.split_at(inner.find(':').unwrap_or(inner.len()));
        match name.trim() == "self" {
            true => output.push_str(OWN),
            false => output.push_str(name),
        }
        output.push_str(&spec.replace("self$", &format!("{OWN}$")));
        rest = after;
    }
    output.push_str(rest);
    output
}

#[cfg(test)]
mod tests;
