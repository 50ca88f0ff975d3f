//! What a function is called where other functions, processes and builds must not take it for
//! theirs.
//!
//! `module_path!` knows neither the type whose method a function is nor the function it stands in.
//! The compiler's names of closures do: `app::A::f::…::{{closure}}`, `<u8 as app::Trait>::f::…`,
//! `app::outer::inner::…`.

use std::borrow::Cow;

const CLOSURE: &str = "::{{closure}}";

/// The path of the function `ident` in which a static holds the closure of that type name.
///
/// With `handle` the static stands in the sibling `f_cache`, and the path is that of `f` all the
/// same.
pub(super) fn of_static(closure: &'static str, ident: &str) -> &'static str {
    let owner = closure.strip_suffix(CLOSURE).and_then(parent);
    // A compiler that names it otherwise still names it apart from all others.
    let Some(owner) = owner else {
        return closure;
    };
    without_suffix(owner, ident, "_cache").unwrap_or(owner)
}

/// The name of a function's body as its keys hold it: `body`, and with `handle`, where it stands in
/// the sibling `f_call`, what it is in `f` itself.
pub(super) fn of_body(body: &'static str, ident: &str) -> Cow<'static, str> {
    let function = body.strip_suffix(CLOSURE).unwrap_or(body);
    let (path, generics) = function.split_at(generics_start(function));
    match without_suffix(path, ident, "_call") {
        Some(path) => format!("{path}{generics}{CLOSURE}").into(),
        None => body.into(),
    }
}

/// How far a name tells a type, or an instance of a function, from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// From every other one.
    Apart,
    /// Not from one that stands in another block of the same function.
    Maybe,
    /// It is, or holds, a closure.
    Not,
}

/// How far the name of a function's body does, of which the function's path is known. Of a function
/// that is not generic, it does: that it has the path alone is seen to where it is registered.
pub(super) fn named(body: &str, path: &str) -> Named {
    let function = body.strip_suffix(CLOSURE).unwrap_or(body);
    match function == path {
        true => Named::Apart,
        false => named_within(function, 1),
    }
}

/// How far the name of a type does.
#[cfg(any(test, feature = "map-journal"))]
pub(super) fn named_type(name: &str) -> Named {
    named_within(name, 0)
}

/// How far the paths do that are at least so deep in angle brackets.
fn named_within(name: &str, least: u32) -> Named {
    let (mut depth, mut before) = (0_u32, ' ');
    let (mut start, mut named) = (0, Named::Apart);
    for (index, letter) in name.char_indices().chain([(name.len(), ' ')]) {
        if letter.is_alphanumeric() || "_:{}".contains(letter) {
            before = letter;
            continue;
        }
        let path = &name[start..index];
        start = index + letter.len_utf8();
        if depth >= least {
            if path.contains('{') {
                return Named::Not;
            }
            // What is at the root of a crate is in no function, and in those that come with the
            // compiler all have names.
            let mut parts = path.split("::").filter(|part| !part.is_empty());
            let is_known = matches!(parts.next(), Some("std" | "core" | "alloc") | None);
            if !is_known && parts.count() > 1 {
                named = Named::Maybe;
            }
        }
        match letter {
            '<' => depth += 1,
            '>' if before != '-' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = letter;
    }
    named
}

fn parent(path: &'static str) -> Option<&'static str> {
    path.rsplit_once("::").map(|(parent, _)| parent)
}

/// `path` without `suffix`, if it is the path of the function `ident` with that suffix.
fn without_suffix<'p>(path: &'p str, ident: &str, suffix: &str) -> Option<&'p str> {
    let path = path.strip_suffix(suffix)?;
    let before = path.strip_suffix(ident.trim_start_matches("r#"))?;
    (before.is_empty() || before.ends_with("::")).then_some(path)
}

/// Where the generic arguments at the end of `path` begin; its length where it has none.
fn generics_start(path: &str) -> usize {
    let mut depth = 0_u32;
    let mut after = 0;
    for (index, byte) in path.bytes().enumerate().rev() {
        match byte {
            // An arrow: it closes nothing. Seen from behind, it shows only at the next byte.
            b'-' if after == b'>' => depth = depth.saturating_sub(1),
            b'>' => depth += 1,
            b'<' => depth = depth.saturating_sub(1),
            _ => {}
        }
        after = byte;
        match depth {
            0 if byte == b'<' => return index,
            0 if byte != b'-' => return path.len(),
            _ => {}
        }
    }
    path.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_by_its_type_or_function_and_its_siblings_do_not_show() {
        for (closure, path) in [
            ("a::f::FUNCTION::{{closure}}", "a::f"),
            ("a::A::f::FUNCTION::{{closure}}", "a::A::f"),
            ("a::A<_>::f_cache::FUNCTION::{{closure}}", "a::A<_>::f"),
            ("<u8 as a::T>::f::FUNCTION::{{closure}}", "<u8 as a::T>::f"),
            ("a::g_cache::FUNCTION::{{closure}}", "a::g_cache"),
            ("a::gf_cache::FUNCTION::{{closure}}", "a::gf_cache"),
            ("something else", "something else"),
        ] {
            assert_eq!(of_static(closure, "f"), path, "{closure}");
        }
        assert_eq!(
            of_static("a::match_cache::F::{{closure}}", "r#match"),
            "a::match"
        );
    }

    #[test]
    fn what_stands_in_a_function_has_no_name_that_tells_it_apart() {
        for (body, expected) in [
            ("a::f", Named::Apart),
            ("a::f<u8>", Named::Apart),
            ("a::f<fn() -> u8>", Named::Apart),
            ("a::b::{{closure}}::f<a::T>", Named::Apart),
            ("<u8 as a::T>::f", Named::Apart),
            (
                "a::f<alloc::vec::Vec<core::option::Option<&str>>>",
                Named::Apart,
            ),
            ("a::f<a::main::Local>", Named::Maybe),
            ("a::f<fn(u8) -> a::b::C>", Named::Maybe),
            ("<a::b::C as a::T>::f", Named::Maybe),
            ("a::f<alloc::vec::Vec<a::main::{{closure}}>>", Named::Not),
            ("a::f<fn(u8) -> u8, a::main::{{closure}}>", Named::Not),
        ] {
            assert_eq!(
                named(&format!("{body}{CLOSURE}"), "a::other"),
                expected,
                "{body}"
            );
        }
        // Its own path is all that a function has that is not generic.
        assert_eq!(
            named("<a::b::C as a::T>::f::{{closure}}", "<a::b::C as a::T>::f"),
            Named::Apart
        );
        assert_eq!(named_type("u8"), Named::Apart);
        assert_eq!(named_type("a::C"), Named::Apart);
        assert_eq!(named_type("a::main::C"), Named::Maybe);
        assert_eq!(named_type("a::main::{{closure}}"), Named::Not);
    }

    #[test]
    fn a_body_has_the_same_name_with_and_without_a_handle() {
        for (body, name) in [
            ("a::f_call::{{closure}}", "a::f::{{closure}}"),
            ("a::f::{{closure}}", "a::f::{{closure}}"),
            ("a::A<u8>::f_call::{{closure}}", "a::A<u8>::f::{{closure}}"),
            (
                "a::f_call<fn(u8) -> a::B<u8>, u8>::{{closure}}",
                "a::f<fn(u8) -> a::B<u8>, u8>::{{closure}}",
            ),
            (
                "a::f_call<fn() -> u8>::{{closure}}",
                "a::f<fn() -> u8>::{{closure}}",
            ),
            ("a::g_call<u8>::{{closure}}", "a::g_call<u8>::{{closure}}"),
            (
                "<u8 as a::T>::f::{{closure}}",
                "<u8 as a::T>::f::{{closure}}",
            ),
            ("", ""),
            (">", ">"),
        ] {
            assert_eq!(of_body(body, "f"), name, "{body}");
        }
    }
}
