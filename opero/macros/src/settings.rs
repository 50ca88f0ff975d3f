//! The parameters that become a `PipelineConfig`, checked as far as they are literals, by the rules of the mechanisms.

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use crate::errors::Errors;
use crate::parameters::{Parameter, Parameters};
use crate::spans::at;
use crate::values::{Checked, Value, duration_tokens, here};

/// The plain values of a pipeline, as tokens, and what follows from them for the expansion.
#[derive(Default)]
pub(crate) struct Settings {
    /// Is the cache on?
    pub(crate) cache: bool,
    /// Is there a limiter?
    pub(crate) rate_limit: bool,
    /// May a stage refuse a call, because of a limit, or of a value that is only known at run time?
    pub(crate) may_refuse: bool,
    /// The least burst, where it is a literal.
    pub(crate) burst: Option<u32>,
    fields: Vec<(Ident, TokenStream)>,
    features: Vec<(Ident, Span)>,
}

impl Settings {
    /// Reads and checks the parameters.
    pub(crate) fn read(parameters: &Parameters, errors: &mut Errors) -> Self {
        let mut settings = Self {
            cache: true,
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

    fn read_cache(&mut self, parameters: &Parameters, errors: &mut Errors) {
        const NOTHING_KEPT: (&str, &str) = (
            "is zero, so nothing would ever be kept",
            "give at least 1, or `cache = false`",
        );
        if let Some(cache) = parameters.get("cache") {
            self.cache = errors.take(cache.flag()).unwrap_or_default();
        }
        self.set("cache", {
            let cache = self.cache;
            quote!(#cache)
        });
        if let Some(ttl) = parameters.get("cache_ttl") {
            errors.take(self.read_ttl(ttl));
        }
        if let Some(capacity) = parameters.get("cache_capacity") {
            let value = errors.take(capacity.whole(1, u64::MAX, NOTHING_KEPT));
            self.set_whole("cache_capacity", value);
        }
        if let Some(namespace) = parameters.get("cache_namespace") {
            errors.take(self.read_namespace(namespace));
        }
        let backend = parameters.get("cache_backend");
        if let Some(backend) = backend {
            self.set_backend("cache_backend", backend);
        }
        if !self.cache {
            return;
        }
        match backend.map(plain_name) {
            None => self.need("CACHE_MEMORY", here()),
            Some((name, span)) => match name.as_deref() {
                Some("memory") => self.need("CACHE_MEMORY", span),
                Some("quick") => self.need("CACHE_QUICK", span),
                _ => {
                    self.need("CACHE", span);
                    self.may_refuse = true;
                }
            },
        }
    }

    fn read_ttl(&mut self, ttl: &Parameter) -> syn::Result<()> {
        if let Value::Text(text) = ttl.value()?
            && text.value().trim() == "forever"
        {
            self.set("cache_ttl", quote!(::core::convert::Into::into("forever")));
            return Ok(());
        }
        let checked = ttl.time()?;
        if checked.literal() == Some(Duration::ZERO) {
            let way_out = "give a time above zero, \"forever\", or `cache = false`";
            return Err(ttl.error("is zero, so nothing would ever be kept", way_out));
        }
        self.set_time("cache_ttl", checked, false);
        Ok(())
    }

    fn read_namespace(&mut self, namespace: &Parameter) -> syn::Result<()> {
        match namespace.value()? {
            Value::Text(text) if text.value().is_empty() => {
                return Err(namespace.error("is empty", "give it a name; the default is \"opero\""));
            }
            Value::Text(text) => self.set(
                "cache_namespace",
                quote!(::std::string::String::from(#text)),
            ),
            Value::Expression(expression) => {
                self.may_refuse = true;
                let value =
                    quote!(::core::convert::Into::<::std::string::String>::into(#expression));
                self.set("cache_namespace", value);
            }
            _ => return Err(namespace.error("is not a text", "write it in quotes")),
        }
        Ok(())
    }

    fn read_retry(&mut self, parameters: &Parameters, errors: &mut Errors) {
        if let Some(retries) = parameters.get("retries") {
            let value = errors.take(retries.whole(0, u32::MAX.into(), ("", "")));
            if value.as_ref().and_then(Checked::literal) != Some(0) {
                self.need("RETRY", retries.span());
            }
            // Any number of retries is right, so an expression cannot be refused.
            let may_refuse = self.may_refuse;
            self.set_whole("retries", value);
            self.may_refuse = may_refuse;
        }
        if let Some(factor) = parameters.get("backoff_factor") {
            errors.take(self.read_factor(factor));
        }
        if let Some(jitter) = parameters.get("jitter") {
            let value = errors.take(jitter.flag());
            self.set("jitter", quote!(#value));
        }
        self.read_delays(parameters, errors);
        if let Some(limit) = parameters.get("max_elapsed")
            && let Some(value) = errors.take(limit.time())
        {
            self.set_time("max_elapsed", value, true);
        }
        if let Some(limit) = parameters.get("attempt_timeout") {
            self.may_refuse = true;
            self.need("RETRY", limit.span());
            match errors.take(limit.time()) {
                Some(Checked::Literal(Duration::ZERO)) => errors.push(limit.error(
                    "is zero, so no attempt could ever finish",
                    "write a longer time, or leave it out for no limit",
                )),
                Some(value) => self.set_time("attempt_timeout", value, true),
                None => {}
            }
        }
    }

    fn read_factor(&mut self, factor: &Parameter) -> syn::Result<()> {
        let value = match factor.number()? {
            Checked::Literal(number) if !number.is_finite() => {
                return Err(factor.error("is not a finite number", "write one such as 1.5"));
            }
            Checked::Literal(number) if number < 1.0 => {
                let problem = format!("is {number}, so the delays would shrink");
                return Err(factor.error(&problem, "write at least 1; 1 keeps the delay the same"));
            }
            Checked::Literal(number) => quote!(#number),
            Checked::Expression(expression) => {
                self.may_refuse = true;
                expression
            }
        };
        self.set("backoff_factor", value);
        Ok(())
    }

    fn read_delays(&mut self, parameters: &Parameters, errors: &mut Errors) {
        let mut read = |name, default| {
            let Some(parameter) = parameters.get(name) else {
                return Some(default);
            };
            let value = errors.take(parameter.time())?;
            let literal = value.literal();
            self.set_time(name, value, false);
            literal
        };
        let least = read("min_delay", Duration::from_millis(100));
        let most = read("max_delay", Duration::from_secs(30));
        let Some((least, most)) = least.zip(most) else {
            return;
        };
        let given = parameters
            .get("min_delay")
            .or_else(|| parameters.get("max_delay"));
        if least > most
            && let Some(given) = given
        {
            let message = format!(
                "`min_delay` is {least:?}, above `max_delay`, which is {most:?}: lower `min_delay` or raise `max_delay`"
            );
            errors.at(given.span(), message);
        }
    }

    fn read_rate(&mut self, parameters: &Parameters, errors: &mut Errors) {
        let Some(limit) = parameters.get("rate_limit") else {
            for parameter in parameters.given(&[
                "rate_burst",
                "rate_key",
                "rate_cost",
                "rate_backend",
                "rate_max_wait",
            ]) {
                let name = &parameter.name;
                errors.at(name.span(), format!("`{name}` limits nothing without `rate_limit`: add `rate_limit`, or remove `{name}`"));
            }
            return;
        };
        self.rate_limit = true;
        let period = errors.take(limit.rate());
        self.burst = Some(1);
        if let Some(burst) = parameters.get("rate_burst") {
            let zero = (
                "is zero, so that no call could ever start",
                "set it to at least 1",
            );
            let value = errors.take(burst.whole(1, u32::MAX.into(), zero));
            self.burst = value
                .as_ref()
                .and_then(Checked::literal)
                .and_then(|burst| burst.try_into().ok());
            self.set_whole("rate_burst", value);
        }
        if let Some(period) = period {
            if let Some((period, burst)) = period.literal().zip(self.burst)
                && period.as_nanos() * u128::from(burst) > LONGEST_REFILL
            {
                let way_out = "lower `rate_burst`, or raise `rate_limit`";
                errors.push(limit.error("is less than `rate_burst` starts in 73 years", way_out));
            }
            self.set_rate(period);
        }
        if let Some(wait) = parameters.get("rate_max_wait") {
            self.may_refuse = true;
            if let Some(value) = errors.take(wait.time()) {
                self.set_time("rate_max_wait", value, true);
            }
        }
        let backend = parameters.get("rate_backend");
        if let Some(backend) = backend {
            self.set_backend("rate_backend", backend);
        }
        match backend.map(plain_name) {
            None => self.need("RATELIMIT_LOCAL", limit.name.span()),
            Some((Some(name), span)) if name == "local" => self.need("RATELIMIT_LOCAL", span),
            Some((_, span)) => {
                self.need("RATELIMIT", span);
                self.may_refuse = true;
            }
        }
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
                self.may_refuse = true;
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

    fn set_backend(&mut self, name: &str, backend: &Parameter) {
        let value = &backend.value;
        self.set(name, quote_spanned!(value.span()=> ::core::convert::Into::<::std::string::String>::into(#value)));
    }

    fn convertible(&mut self, value: Checked<Duration>) -> TokenStream {
        match value {
            Checked::Literal(duration) => duration_tokens(duration),
            Checked::Expression(expression) => {
                self.may_refuse = true;
                expression
            }
        }
    }
}

/// The longest time in which a limiter's permits may grow, in nanoseconds: 73 years, the limiter's own bound.
const LONGEST_REFILL: u128 = 1 << 61;

/// A backend's literal name, and where it stands.
fn plain_name(backend: &Parameter) -> (Option<String>, Span) {
    let name = backend.text().ok().map(syn::LitStr::value);
    (name, backend.span())
}
