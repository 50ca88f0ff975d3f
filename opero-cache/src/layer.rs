//! A place where results are kept, whatever it keeps of them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use opero_core::registry::{self, Registration};
use opero_core::{BackendError, BackendUri, ConfigError, Instant, Key};

#[cfg(feature = "bytes")]
use crate::backend::ByteStore;
use crate::backend::{CacheBackend, CacheRegistration};
use crate::config::CacheConfig;

/// An opened backend.
#[derive(Debug, Clone)]
pub(crate) enum Layer {
    /// Results as they are.
    Objects(Arc<dyn CacheBackend>),
    /// Results as bytes.
    #[cfg(feature = "bytes")]
    Records(Arc<dyn ByteStore>),
}

/// What both kinds have.
macro_rules! either {
    ($layer:expr, $backend:ident => $does:expr) => {
        match $layer {
            Layer::Objects($backend) => $does,
            #[cfg(feature = "bytes")]
            Layer::Records($backend) => $does,
        }
    };
}

impl Layer {
    pub(crate) fn scheme(&self) -> &str {
        either!(self, backend => backend.scheme())
    }

    pub(crate) fn entries(&self) -> u64 {
        either!(self, backend => backend.entries())
    }

    pub(crate) fn evictions(&self) -> u64 {
        either!(self, backend => backend.evictions())
    }

    pub(crate) async fn ping(&self) -> Result<(), BackendError> {
        either!(self, backend => backend.ping().await)
    }

    pub(crate) async fn close(&self) -> Result<(), BackendError> {
        either!(self, backend => backend.close().await)
    }

    pub(crate) async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        either!(self, backend => backend.remove(key).await)
    }

    pub(crate) async fn clear(&self) -> Result<(), BackendError> {
        either!(self, backend => backend.clear().await)
    }

    pub(crate) async fn clear_namespace(&self) -> Result<(), BackendError> {
        match self {
            Self::Objects(backend) => backend.clear().await,
            #[cfg(feature = "bytes")]
            Self::Records(store) => store.clear_namespace().await,
        }
    }

    /// Stores of records sweep by themselves.
    pub(crate) async fn sweep(&self, now: Instant) -> Result<(), BackendError> {
        match self {
            Self::Objects(backend) => backend.sweep(now).await,
            #[cfg(feature = "bytes")]
            Self::Records(_) => Ok(()),
        }
    }

    /// The longest that a call waits for one answer; `None`: the backend sees to that.
    pub(crate) fn limit(&self, patience: Duration) -> Option<Duration> {
        match self {
            Self::Objects(_) => Some(patience),
            #[cfg(feature = "bytes")]
            Self::Records(store) => limit(&**store, patience),
        }
    }

    #[cfg(feature = "bytes")]
    pub(crate) fn is_shared(&self) -> bool {
        match self {
            Self::Objects(_) => false,
            Self::Records(store) => store.is_shared(),
        }
    }

    #[cfg(feature = "bytes")]
    pub(crate) const fn keeps_records(&self) -> bool {
        match self {
            Self::Objects(_) => false,
            #[cfg(feature = "bytes")]
            Self::Records(_) => true,
        }
    }

    pub(crate) fn downgrade(&self) -> WeakLayer {
        match self {
            Self::Objects(backend) => WeakLayer::Objects(Arc::downgrade(backend)),
            #[cfg(feature = "bytes")]
            Self::Records(store) => WeakLayer::Records(Arc::downgrade(store)),
        }
    }
}

/// The longest that a call waits for one answer of `store`; `None`: the store sees to that.
#[cfg(feature = "bytes")]
pub(crate) fn limit(store: &dyn ByteStore, patience: Duration) -> Option<Duration> {
    (!store.bounds_itself()).then_some(patience)
}

/// A layer that does not keep its backend open.
#[derive(Debug)]
pub(crate) enum WeakLayer {
    Objects(Weak<dyn CacheBackend>),
    #[cfg(feature = "bytes")]
    Records(Weak<dyn ByteStore>),
}

impl WeakLayer {
    pub(crate) fn upgrade(&self) -> Option<Layer> {
        match self {
            Self::Objects(backend) => backend.upgrade().map(Layer::Objects),
            #[cfg(feature = "bytes")]
            Self::Records(store) => store.upgrade().map(Layer::Records),
        }
    }
}

/// The layers that `uri` names, the nearer one first: one, or two as in `memory+redis://host`, whose `l1_ttl` goes
/// into `config`.
pub(crate) fn open(
    uri: &BackendUri,
    config: &mut CacheConfig,
) -> Result<(Layer, Option<Layer>), ConfigError> {
    let options = config.options();
    let open = |uri: &BackendUri| registry::find::<CacheRegistration>(uri)?.open(uri, &options);
    let Some((near, far)) = layered(uri) else {
        return Ok((open(uri)?, None));
    };
    let (far, l1_ttl) = split_l1_ttl(&far)?;
    if let Some(l1_ttl) = l1_ttl {
        config.l1_ttl = l1_ttl;
    }
    Ok((open(&near)?, Some(open(&far)?)))
}

/// Takes `l1_ttl` off the farther URI, where it is given.
fn split_l1_ttl(far: &BackendUri) -> Result<(BackendUri, Option<Duration>), ConfigError> {
    const NAME: &str = "l1_ttl";
    let (rest, given) = far.split_param(NAME);
    let Some(given) = given else {
        return Ok((rest, None));
    };
    let mut params = BackendUri::new(format!("?{NAME}={given}")).query_params("cache_backend")?;
    Ok((rest, params.take_time(NAME)?))
}

/// Splits at a `+` between two backends. What stands around another `+`, as in a password or a path, is none.
fn layered(uri: &BackendUri) -> Option<(BackendUri, BackendUri)> {
    let text = uri.expose();
    text.match_indices('+').find_map(|(plus, _)| {
        let near = BackendUri::new(text.get(..plus)?);
        let far = BackendUri::new(text.get(plus + 1..)?);
        let both = [&near, &far].map(|place| is_backend(place.without_query().scheme()));
        (both == [true; 2]).then_some((near, far))
    })
}

/// Is it there, or would a Cargo feature add it?
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
            let (near, far) = layered(&text.into())?;
            Some((near.expose().to_owned(), far.expose().to_owned()))
        };
        let pair = |near: &str, far: &str| Some((near.to_owned(), far.to_owned()));
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
