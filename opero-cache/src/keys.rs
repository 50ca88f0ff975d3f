//! The keys of calls, in the form that a cache's tiers need.

#[cfg(feature = "bytes")]
use opero_core::stable::KeySpace;
use opero_core::{Arguments, ConfigError, Context, Key, Next};

use crate::config::CacheConfig;
#[cfg(feature = "bytes")]
use crate::record;
use crate::tiers::Tiers;

/// Makes the keys of one function's calls.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Set where a tier keeps records, with that tier's scheme.
    #[cfg(feature = "bytes")]
    stable: Option<(KeySpace, Box<str>)>,
}

impl Keys {
    pub(crate) fn new(tiers: &Tiers, config: &CacheConfig) -> Self {
        #[cfg(not(feature = "bytes"))]
        let _ = (tiers, config);
        Self {
            #[cfg(feature = "bytes")]
            stable: tiers.iter().find(|tier| tier.keeps_records()).map(|tier| {
                let space = KeySpace::new(&[&*config.namespace, &*config.function]);
                (space, tier.scheme().into())
            }),
        }
    }

    /// Returns `true` if a tier keeps records: a call is then found under its stable key.
    #[inline]
    pub(crate) const fn are_stable(&self) -> bool {
        #[cfg(feature = "bytes")]
        return self.stable.is_some();
        #[cfg(not(feature = "bytes"))]
        false
    }

    /// Returns the key of a call; `None`: it passes by the cache. `is_encodable`: its result becomes bytes.
    ///
    /// # Errors
    /// A tier keeps records, and this call has no form as bytes.
    pub(crate) fn key_of(
        &self,
        cx: &Context<'_>,
        arguments: &dyn Arguments,
        is_encodable: bool,
    ) -> Result<Option<Key>, ConfigError> {
        #[cfg(feature = "bytes")]
        if let Some((space, scheme)) = &self.stable {
            return match space.key_with(|out| arguments.stable_key(out)) {
                Some(Ok(key)) if is_encodable => Ok(Some(key)),
                Some(Ok(_)) => Err(record::not_encodable(scheme)),
                Some(Err(error)) => {
                    record::reject(cx, scheme, &format!("the call has no key: {error}"));
                    Ok(None)
                }
                // The arguments of a bare closure are not known, so it passes by every cache.
                None if arguments.key().is_none() => Ok(None),
                None => Err(record::not_encodable(scheme)),
            };
        }
        let _ = (cx, is_encodable);
        Ok(arguments.key())
    }

    /// Returns the key of the call behind `next`, as [`key_of`](Self::key_of) does.
    pub(crate) fn key_of_next<N: Next>(
        &self,
        cx: &Context<'_>,
        next: &mut N,
    ) -> Result<Option<Key>, ConfigError> {
        let is_encodable = next.outcome().codec_type().is_some();
        self.key_of(cx, next.arguments(), is_encodable)
    }
}
