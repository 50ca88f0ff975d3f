//! The parameters that become a `PipelineConfig`, checked as far as they are literals, by the rules of the mechanisms.

mod backend;
mod cache;
mod rate;
mod retry;

use std::time::Duration;

pub(crate) use backend::Keys;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::Type;
use syn::spanned::Spanned;

use crate::errors::Errors;
use crate::outcome::is_unit;
use crate::parameters::Parameters;
use crate::spans::{at, hidden};
use crate::values::{Checked, duration_tokens};

/// The place of what can make a stage reject a call.
#[derive(Clone, Copy)]
pub(crate) enum Rejecting {
    /// A backend that may not open or, as a limiter, not answer.
    Backend(Span),
    /// A limit, a stage of the user's, or a value that is only known at run time.
    Other(Span),
}

/// The plain values of a pipeline, as tokens, and what follows from them for the expansion.
#[derive(Default)]
pub(crate) struct Settings {
    /// Is the cache on? By default not for a function that returns `()`: it is called for what it does, and a hit would
    /// leave that out.
    pub(crate) cache: bool,
    /// What the cache's keys are made for.
    pub(crate) keys: Keys,
    /// What has an entry serve while a call in the background refreshes it.
    pub(crate) renewing: Option<Span>,
    /// What the limiter's keys are made for.
    pub(crate) rate_keys: Keys,
    /// Is there a limiter?
    pub(crate) rate_limit: bool,
    /// What can make a stage reject a call.
    pub(crate) rejecting: Option<Rejecting>,
    /// The least burst, where it is a literal.
    pub(crate) burst: Option<u32>,
    fields: Vec<(Ident, TokenStream)>,
    features: Vec<(String, Span)>,
}

impl Settings {
    /// Reads and checks the parameters of a function with that output.
    pub(crate) fn read(parameters: &Parameters, output: &Type, errors: &mut Errors) -> Self {
        let mut settings = Self {
            cache: !is_unit(output) || parameters.about("cache").next().is_some(),
            ..Self::default()
        };
        settings.read_cache(parameters, errors);
        settings.read_retry(parameters, errors);
        settings.read_rate(parameters, errors);
        settings
    }

    /// A function that sets the parameters, and does not compile where a Cargo feature is missing.
    pub(crate) fn config(&self, runtime: &TokenStream) -> TokenStream {
        let (names, values): (Vec<_>, Vec<_>) = self.fields.iter().cloned().unzip();
        let (configure, config) = (hidden("configure"), hidden("config"));
        let features = self.features.iter();
        let features = features.map(|(feature, span)| at(*span, mention(feature, runtime)));
        quote! {
            fn #configure(#config: &mut #runtime::PipelineConfig) {
                #(#features)*
                let _ = &#config;
                #(#config.#names = #values;)*
            }
        }
    }

    /// The expansion needs a Cargo feature.
    pub(crate) fn need(&mut self, feature: &str, span: Span) {
        self.features.push((feature.to_owned(), span));
    }

    /// What stands there can make a stage reject a call. The first such place is named in the compiler's message.
    fn rejects(&mut self, place: Span) {
        self.rejecting.get_or_insert(Rejecting::Other(place));
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
                self.rejects(expression.span());
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

    fn convertible(&mut self, value: Checked<Duration>) -> TokenStream {
        match value {
            Checked::Literal(duration) => duration_tokens(duration),
            Checked::Expression(expression) => {
                self.rejects(expression.span());
                expression
            }
        }
    }
}

/// A statement that does not compile where that feature is missing. Of some features this crate knows it by itself, and says it
/// in its own words.
fn mention(feature: &str, runtime: &TokenStream) -> TokenStream {
    let known = match feature {
        "MAP_PROCESS" => Some(("map-process", cfg!(feature = "map-process"))),
        "MAP_JOURNAL" => Some(("map-journal", cfg!(feature = "map-journal"))),
        _ => None,
    };
    match known {
        Some((name, false)) => {
            let message = format!(
                "this needs a part of opero that is not compiled in: enable the Cargo feature `{name}` of the crate `opero`"
            );
            quote!(::core::compile_error!(#message);)
        }
        _ => {
            let module = format_ident!("{}", feature.to_lowercase());
            let item = format_ident!("ENABLE_THE_CARGO_FEATURE_{feature}_OF_OPERO");
            quote!(let () = #runtime::features::#module::#item;)
        }
    }
}
