//! The parameters of the cache.

use std::time::Duration;

use quote::quote;
use syn::spanned::Spanned;

use super::{Settings, plain_name};
use crate::errors::Errors;
use crate::parameters::{Parameter, Parameters};
use crate::values::{Value, here};

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
            self.set_backend("cache_backend", backend, &["memory", "quick"], errors);
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
                    self.refuses(span);
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
                self.refuses(expression.span());
                let value =
                    quote!(::core::convert::Into::<::std::string::String>::into(#expression));
                self.set("cache_namespace", value);
            }
            _ => return Err(namespace.error("is not a text", "write it in quotes")),
        }
        Ok(())
    }
}
