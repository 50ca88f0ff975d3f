//! The parameters of the cache.

use std::time::Duration;

use quote::quote;
use syn::spanned::Spanned;

use super::Settings;
use super::backend::CACHES;
use crate::errors::Errors;
use crate::parameters::{Parameter, Parameters};
use crate::values::{Value, here};

/// What is known of `cache_ttl`.
#[derive(Clone, Copy)]
enum Ttl {
    Known(Duration),
    Forever,
    AtRunTime,
}

impl Settings {
    pub(super) fn read_cache(&mut self, parameters: &Parameters, errors: &mut Errors) {
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
        if let Some(capacity) = parameters.get("cache_capacity") {
            let value = errors.take(capacity.whole(1, u64::MAX, NOTHING_KEPT));
            self.set_whole("cache_capacity", value);
        }
        if let Some(namespace) = parameters.get("cache_namespace") {
            errors.take(self.read_namespace(namespace));
        }
        let ttl = parameters.get("cache_ttl").map_or_else(
            || Some(Ttl::Known(Duration::from_secs(3_600))),
            |ttl| errors.take(self.read_ttl(ttl)),
        );
        for parameter in parameters.given(["cache_stale", "cache_refresh"]) {
            self.renewing.get_or_insert(parameter.name.span());
            errors.take(self.read_refresh(parameter, ttl));
        }
        // What is switched off needs nothing.
        let (features, rejecting) = (self.features.len(), self.rejecting);
        match parameters.get("cache_backend") {
            None => self.need("CACHE_MEMORY", here()),
            Some(backend) => self.keys = self.read_backend(backend, CACHES, "CACHE", errors),
        }
        if !self.cache {
            self.features.truncate(features);
            self.rejecting = rejecting;
        }
    }

    fn read_ttl(&mut self, ttl: &Parameter) -> syn::Result<Ttl> {
        if let Value::Text(text) = ttl.value()?
            && text.value().trim() == "forever"
        {
            self.set("cache_ttl", quote!(::core::convert::Into::into("forever")));
            return Ok(Ttl::Forever);
        }
        let checked = ttl.time()?;
        let literal = checked.literal();
        if literal == Some(Duration::ZERO) {
            let way_out = "give a time above zero, \"forever\", or `cache = false`";
            return Err(ttl.error("is zero, so nothing would ever be kept", way_out));
        }
        self.set_time("cache_ttl", checked, false);
        Ok(literal.map_or(Ttl::AtRunTime, Ttl::Known))
    }

    /// `cache_stale` or `cache_refresh`, by the rules and in the words of the cache itself.
    fn read_refresh(&mut self, parameter: &Parameter, ttl: Option<Ttl>) -> syn::Result<()> {
        let time = parameter.time()?;
        if matches!(ttl, Some(Ttl::Forever)) {
            return Err(parameter.error(
                "is set for entries that never expire",
                "give `cache_ttl` a time, or remove it",
            ));
        }
        if let (Some(Ttl::Known(ttl)), Some(refresh)) = (ttl, time.literal())
            && parameter.name == "cache_refresh"
            && refresh >= ttl
        {
            return Err(parameter.error(
                "is no part of `cache_ttl`, so every call would refresh",
                "make it shorter than `cache_ttl`",
            ));
        }
        let name = parameter.name.to_string();
        self.set_time(&name, time, true);
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
                self.rejects(expression.span());
                let value =
                    quote!(::core::convert::Into::<::std::string::String>::into(#expression));
                self.set("cache_namespace", value);
            }
            _ => return Err(namespace.error("is not a text", "write it in quotes")),
        }
        Ok(())
    }
}
