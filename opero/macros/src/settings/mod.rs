//! The parameters that become a `PipelineConfig`, checked as far as they are literals, by the rules of the mechanisms.

mod cache;
mod rate;
mod retry;

use std::time::Duration;

use opero_core::config::nearest;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use crate::errors::Errors;
use crate::outcome::is_unit;
use crate::parameters::{Parameter, Parameters};
use crate::spans::at;
use crate::values::{Checked, duration_tokens};

/// The plain values of a pipeline, as tokens, and what follows from them for the expansion.
#[derive(Default)]
pub(crate) struct Settings {
    /// Is the cache on? By default not for a function that returns `()`: it is called for what it does, and a hit would
    /// leave that out.
    pub(crate) cache: bool,
    /// Is there a limiter?
    pub(crate) rate_limit: bool,
    /// What can make a stage refuse a call: a limit, or a value that is only known at run time.
    pub(crate) refusing: Option<Span>,
    /// The least burst, where it is a literal.
    pub(crate) burst: Option<u32>,
    fields: Vec<(Ident, TokenStream)>,
    features: Vec<(Ident, Span)>,
}

impl Settings {
    /// Reads and checks the parameters of a function with that output.
    pub(crate) fn read(parameters: &Parameters, output: &Type, errors: &mut Errors) -> Self {
        let mut settings = Self {
            cache: !is_unit(output) || parameters.any(|name| name.starts_with("cache")),
            ..Self::default()
        };
        settings.read_cache(parameters, errors);
        settings.read_retry(parameters, errors);
        settings.read_rate(parameters, errors);
        settings
    }

    /// The `PipelineConfig` as an expression.
    pub(crate) fn config(&self, door: &TokenStream) -> TokenStream {
        let (names, values): (Vec<_>, Vec<_>) = self.fields.iter().cloned().unzip();
        quote! {
            #door::PipelineConfig {
                #(#names: #values,)*
                ..::core::default::Default::default()
            }
        }
    }

    /// Statements that do not compile where a Cargo feature is missing.
    pub(crate) fn features(&self, door: &TokenStream) -> TokenStream {
        self.features
            .iter()
            .map(|(item, span)| at(*span, quote!(const _: () = #door::features::#item;)))
            .collect()
    }

    /// The expansion needs a Cargo feature.
    pub(crate) fn need(&mut self, feature: &str, span: Span) {
        self.features.push((
            format_ident!("ENABLE_THE_CARGO_FEATURE_{feature}_OF_OPERO"),
            span,
        ));
    }

    /// What stands there can make a stage refuse a call. The first such place is named in the compiler's message.
    fn refuses(&mut self, place: Span) {
        self.refusing.get_or_insert(place);
    }

    fn set(&mut self, name: &str, value: TokenStream) {
        self.fields
            .push((Ident::new(name, Span::call_site()), value));
    }

    fn set_whole(&mut self, name: &str, value: Option<Checked<u64>>) {
        let value = match value {
            Some(Checked::Literal(number)) => {
                let number = proc_macro2::Literal::u64_unsuffixed(number);
                quote!(#number)
            }
            Some(Checked::Expression(expression)) => {
                self.refuses(expression.span());
                expression
            }
            None => return,
        };
        self.set(name, value);
    }

    fn set_time(&mut self, name: &str, value: Checked<Duration>, optional: bool) {
        let value = self.convertible(value);
        let value = quote!(::core::convert::Into::into(#value));
        self.set(
            name,
            if optional {
                quote!(::core::option::Option::Some(#value))
            } else {
                value
            },
        );
    }

    fn set_rate(&mut self, value: Checked<Duration>) {
        let value = self.convertible(value);
        self.set(
            "rate_limit",
            quote!(::core::option::Option::Some(::core::convert::Into::into(#value))),
        );
    }

    fn set_backend(&mut self, name: &str, backend: &Parameter, own: &[&str], errors: &mut Errors) {
        if let Some(nearest) = near_miss(backend, own) {
            let way_out =
                format!("did you mean \"{nearest}\"? A backend of yours needs another name");
            errors.push(backend.error("is not a built-in backend", &way_out));
        }
        let value = &backend.value;
        self.set(name, quote_spanned!(value.span()=> ::core::convert::Into::<::std::string::String>::into(#value)));
    }

    fn convertible(&mut self, value: Checked<Duration>) -> TokenStream {
        match value {
            Checked::Literal(duration) => duration_tokens(duration),
            Checked::Expression(expression) => {
                self.refuses(expression.span());
                expression
            }
        }
    }
}

/// The built-in backend that a literal name means: the same letters, some in another order or case. Any other name may be
/// somebody's own.
fn near_miss<'a>(backend: &Parameter, own: &[&'a str]) -> Option<&'a str> {
    let name = plain_name(backend).0?;
    let nearest = nearest(&name.to_ascii_lowercase(), own.iter().copied())?;
    let letters = |name: &str| {
        let mut letters: Vec<_> = name.to_ascii_lowercase().chars().collect();
        letters.sort_unstable();
        letters
    };
    (name != nearest && letters(&name) == letters(nearest)).then_some(nearest)
}

/// A backend's literal name, and where it stands.
fn plain_name(backend: &Parameter) -> (Option<String>, Span) {
    let name = backend.text().ok().map(syn::LitStr::value);
    (name, backend.span())
}
