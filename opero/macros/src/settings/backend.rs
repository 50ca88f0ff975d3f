//! What a backend's name says, as far as it is a literal.

use opero_core::config::nearest;
use proc_macro2::Span;
use quote::quote_spanned;

use super::{Rejecting, Settings};
use crate::errors::Errors;
use crate::parameters::Parameter;

/// What a mechanism's keys are made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keys {
    /// For this process: arguments are hashed.
    #[default]
    Local,
    /// For every process: arguments become bytes.
    Stable,
    /// Which of the two shows at run time: bytes are made of arguments where that is possible.
    Either,
}

/// A built-in backend.
pub(super) struct BuiltIn {
    pub(super) scheme: &'static str,
    pub(super) feature: &'static str,
    pub(super) keys: Keys,
    /// May its name or URL turn out to be wrong when it is opened?
    pub(super) rejects: bool,
}

const fn built_in(
    scheme: &'static str,
    feature: &'static str,
    keys: Keys,
    rejects: bool,
) -> BuiltIn {
    BuiltIn {
        scheme,
        feature,
        keys,
        rejects,
    }
}

/// The backends of the cache.
pub(super) const CACHES: &[BuiltIn] = &[
    built_in("memory", "CACHE_MEMORY", Keys::Local, false),
    built_in("quick", "CACHE_QUICK", Keys::Local, false),
    built_in("disk", "CACHE_DISK", Keys::Stable, false),
    built_in("redb", "CACHE_REDB", Keys::Stable, false),
    built_in("redis", "REDIS", Keys::Stable, true),
    built_in("rediss", "REDIS", Keys::Stable, true),
];

/// The backends of the rate limit.
pub(super) const LIMITERS: &[BuiltIn] = &[
    built_in("local", "RATELIMIT", Keys::Local, false),
    built_in("redis", "REDIS", Keys::Stable, true),
    built_in("rediss", "REDIS", Keys::Stable, true),
];

impl Settings {
    /// Sets a backend, and says what follows from its name: the features it needs, whether it can reject a call, and what
    /// its keys are made for. A name that is none of `known` may be a user's own, found through the feature `others`.
    pub(super) fn read_backend(
        &mut self,
        backend: &Parameter,
        known: &'static [BuiltIn],
        others: &str,
        errors: &mut Errors,
    ) -> Keys {
        let name = backend.text().ok().map(syn::LitStr::value);
        if let Some(near) = name.as_deref().and_then(|name| near_miss(name, known)) {
            let way_out = format!("did you mean \"{near}\"? A backend of yours needs another name");
            errors.push(backend.error("is not a built-in backend", &way_out));
        }
        let (span, value) = (backend.span(), &backend.value);
        let field = backend.name.to_string();
        self.set(
            &field,
            quote_spanned!(span=> ::core::convert::Into::<::std::string::String>::into(#value)),
        );
        match name {
            Some(name) => self.read_layers(&name, known, others, span),
            None => {
                self.need(others, span);
                self.rejecting.get_or_insert(Rejecting::Backend(span));
                Keys::Either
            }
        }
    }

    /// A name or URL, or two of them with a `+` between.
    fn read_layers(
        &mut self,
        name: &str,
        known: &'static [BuiltIn],
        others: &str,
        span: Span,
    ) -> Keys {
        let mut keys = Keys::Local;
        for layer in name.split('+') {
            let (scheme, settings) = layer.split_once("://").unwrap_or((layer, ""));
            let Some(layer) = known.iter().find(|layer| layer.scheme == scheme) else {
                // A user's own, or the rest of a URL that holds a `+`.
                self.need(others, span);
                self.rejecting.get_or_insert(Rejecting::Backend(span));
                if keys == Keys::Local {
                    keys = Keys::Either;
                }
                continue;
            };
            self.need(layer.feature, span);
            if layer.feature == "REDIS" {
                self.need(others, span);
            }
            if layer.rejects || settings.contains(['?', '#', '%', '@', ':']) {
                self.rejecting.get_or_insert(Rejecting::Backend(span));
            }
            if layer.keys == Keys::Stable {
                keys = Keys::Stable;
            }
        }
        keys
    }
}

/// The built-in backend that a literal name means: the same letters, some in another order or case. Any other name may be
/// a user's own.
fn near_miss(name: &str, known: &'static [BuiltIn]) -> Option<&'static str> {
    let schemes = || known.iter().map(|backend| backend.scheme);
    let nearest = nearest(&name.to_ascii_lowercase(), schemes())?;
    let letters = |name: &str| {
        let mut letters: Vec<_> = name.to_ascii_lowercase().chars().collect();
        letters.sort_unstable();
        letters
    };
    (name != nearest && letters(name) == letters(nearest)).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(name: &str) -> (Keys, bool) {
        let mut settings = Settings::default();
        let keys = settings.read_layers(name, CACHES, "CACHE", Span::call_site());
        (keys, settings.rejecting.is_some())
    }

    #[test]
    fn a_name_says_what_keys_are_made_for_and_whether_it_can_be_wrong() {
        for (name, keys, rejects) in [
            ("memory", Keys::Local, false),
            ("memory+quick", Keys::Local, false),
            ("disk", Keys::Stable, false),
            ("redb:///var/cache/app", Keys::Stable, false),
            ("disk:///var/cache/app?max_bytes=5", Keys::Stable, true),
            ("redis", Keys::Stable, true),
            ("rediss://u:p+q@host/1", Keys::Stable, true),
            ("memory+redis", Keys::Stable, true),
            ("memory+disk", Keys::Stable, false),
            ("mine", Keys::Either, true),
            ("memory+mine", Keys::Either, true),
            ("mine+disk", Keys::Stable, true),
        ] {
            assert_eq!(cache(name), (keys, rejects), "{name}");
        }
    }
}
