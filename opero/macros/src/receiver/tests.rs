use quote::quote;
use syn::{Block, parse_quote};

use super::*;

fn replaced(mut body: Block) -> Result<String, String> {
    let mut errors = Errors::default();
    ReplaceSelf::new(Span::call_site(), &mut errors).visit_block_mut(&mut body);
    match errors.finish() {
        Ok(()) => Ok(quote!(#body).to_string().replace("__opero_self", "own")),
        Err(error) => Err(error.to_string()),
    }
}

fn becomes(body: Block, expected: &TokenStream) {
    assert_eq!(replaced(body).unwrap(), expected.to_string());
}

#[test]
fn format_strings_capture_the_other_name() {
    becomes(
        parse_quote!({ format!("{self} {{self}} {x:self$} {self:>3} {selfish}") }),
        &quote!({ format!("{own} {{self}} {x:own$} {own:>3} {selfish}") }),
    );
    becomes(
        parse_quote!({ println!("{}", "{self}") }),
        &quote!({ println!("{}", "{self}") }),
    );
    becomes(
        parse_quote!({ write!(f, r"{self:?}")? }),
        &quote!({ write!(f, "{own:?}")? }),
    );
    becomes(
        parse_quote!({ assert_eq!("{self}", a, "{self}") }),
        &quote!({ assert_eq!("{self}", a, "{own}") }),
    );
    becomes(
        parse_quote!({ vec![format!("{self}"), "{self}"] }),
        &quote!({ vec![format!("{own}"), "{self}"] }),
    );
    becomes(
        parse_quote!({ tracing::info!(a = 1, "{self}") }),
        &quote!({ tracing::info!(a = 1, "{own}") }),
    );
}

#[test]
fn a_macro_that_may_format_is_rejected_with_the_way_out() {
    let error = replaced(parse_quote!({ shout!("{self}") })).unwrap_err();
    assert!(
        error.contains("`shout!`") && error.contains("let this = &self;"),
        "{error}"
    );
}

#[test]
fn macros_of_the_body_are_in_it() {
    becomes(
        parse_quote!({
            macro_rules! x {
                () => {
                    self.0
                };
            }
            x!()
        }),
        &quote!({
            macro_rules! x {
                () => {
                    own.0
                };
            }
            x!()
        }),
    );
    becomes(
        parse_quote!({
            macro_rules! x {
                ($self:ident) => {
                    $self.0
                };
            }
            x!(self)
        }),
        &quote!({
            macro_rules! x {
                ($self:ident) => {
                    $self.0
                };
            }
            x!(own)
        }),
    );
}

#[test]
fn a_self_of_another_function_stays() {
    becomes(
        parse_quote!({
            m! { fn f(&self) -> u8 { self.0 } fn g(x: u8) { self.1 } }
        }),
        &quote!({
            m! { fn f(&self) -> u8 { self.0 } fn g(x: u8) { own.1 } }
        }),
    );
    becomes(
        parse_quote!({
            impl A {
                fn f(&self) {
                    self.0
                }
            }
            self::g(self)
        }),
        &quote!({
            impl A {
                fn f(&self) {
                    self.0
                }
            }
            self::g(own)
        }),
    );
}
