//! The tiers of a cache: one backend, or two with L1 before L2.

use std::time::Duration;

use opero_core::registry::{self, Registration};
use opero_core::{BackendError, BackendUri, ConfigError};

#[cfg(feature = "bytes")]
use crate::backend::ByteStore;
use crate::config::CacheConfig;
use crate::freshness::Level;
use crate::registration::CacheRegistration;
use crate::tier::Tier;

/// The opened backends of one cache.
#[derive(Debug)]
pub(crate) struct Tiers {
    /// The only one, or the nearer of two.
    pub(crate) first: Tier,
    pub(crate) l2: Option<Tier>,
}

impl From<Tier> for Tiers {
    fn from(first: Tier) -> Self {
        Self { first, l2: None }
    }
}

impl Tiers {
    /// Opens what `uri` names: one backend, or two as in `memory+redis://host`, whose `l1_ttl` goes into `config`.
    pub(crate) fn open(uri: &BackendUri, config: &mut CacheConfig) -> Result<Self, ConfigError> {
        let options = config.options();
        let open = |uri: &BackendUri| registry::find::<CacheRegistration>(uri)?.open(uri, &options);
        let Some((l1, l2)) = split_tiers(uri) else {
            return Ok(open(uri)?.into());
        };
        let (l2, l1_ttl) = split_l1_ttl(&l2)?;
        if let Some(l1_ttl) = l1_ttl {
            config.l1_ttl = l1_ttl;
        }
        Ok(Self {
            first: open(&l1)?,
            l2: Some(open(&l2)?),
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Tier> {
        std::iter::once(&self.first).chain(&self.l2)
    }

    pub(crate) fn last(&self) -> &Tier {
        self.l2.as_ref().unwrap_or(&self.first)
    }

    #[inline]
    pub(crate) const fn first_level(&self) -> Level {
        match self.l2 {
            None => Level::Last,
            Some(_) => Level::L1,
        }
    }

    /// Returns the store that other processes share, and claim leases in.
    #[cfg(feature = "bytes")]
    pub(crate) fn shared(&self) -> Option<&dyn ByteStore> {
        self.iter().find_map(|tier| match tier {
            Tier::Records(store) if store.is_shared() => Some(&**store),
            _ => None,
        })
    }

    pub(crate) async fn ping(&self) -> Result<(), BackendError> {
        for tier in self.iter() {
            tier.ping().await?;
        }
        Ok(())
    }

    pub(crate) async fn close(&self) -> Result<(), BackendError> {
        let mut result = Ok(());
        for tier in self.iter() {
            result = result.and(tier.close().await);
        }
        result
    }
}

/// Takes `l1_ttl` off the URI of L2, where it is given.
fn split_l1_ttl(l2: &BackendUri) -> Result<(BackendUri, Option<Duration>), ConfigError> {
    const NAME: &str = "l1_ttl";
    let (rest, given) = l2.split_param(NAME);
    let Some(given) = given else {
        return Ok((rest, None));
    };
    let mut params = BackendUri::new(format!("?{NAME}={given}")).query_params("cache_backend")?;
    Ok((rest, params.take_time(NAME)?))
}

/// Splits at the `+` between two backends; another `+`, as in a password or a path, has no backend on both sides.
fn split_tiers(uri: &BackendUri) -> Option<(BackendUri, BackendUri)> {
    let text = uri.expose();
    text.match_indices('+').find_map(|(plus, _)| {
        let l1 = BackendUri::new(text.get(..plus)?);
        let l2 = BackendUri::new(text.get(plus + 1..)?);
        let both = [&l1, &l2].map(|uri| is_backend(uri.without_query().scheme()));
        (both == [true; 2]).then_some((l1, l2))
    })
}

/// Returns `true` if the backend is registered, or a Cargo feature adds it.
fn is_backend(scheme: &str) -> bool {
    let features = CacheRegistration::FEATURES.iter();
    features.map(|(known, _)| *known).any(|s| s == scheme)
        || registry::schemes::<CacheRegistration>().contains(&scheme)
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use super::*;

    #[test]
    fn two_backends_are_told_from_other_plus_signs() {
        let split = |text: &str| {
            let (l1, l2) = split_tiers(&text.into())?;
            Some((l1.expose().to_owned(), l2.expose().to_owned()))
        };
        let pair = |l1: &str, l2: &str| Some((l1.to_owned(), l2.to_owned()));
        assert_eq!(split("memory+redis"), pair("memory", "redis"));
        assert_eq!(
            split("memory+redis://a:b+c@host/0"),
            pair("memory", "redis://a:b+c@host/0")
        );
        assert_eq!(
            split("disk:///a+b+redis://host"),
            pair("disk:///a+b", "redis://host")
        );
        assert_eq!(
            split("disk:///a?max_bytes=5+redb:///b?l1_ttl=5s"),
            pair("disk:///a?max_bytes=5", "redb:///b?l1_ttl=5s")
        );
        let plain = split("memory+redis?l1_ttl=5s");
        assert_eq!(plain, pair("memory", "redis?l1_ttl=5s"));
        for single in [
            "memory",
            "redis://a:b+c@host",
            "disk:///a+b",
            "mine+theirs",
            "+",
        ] {
            assert_eq!(split(single), None, "{single}");
        }
    }
}
