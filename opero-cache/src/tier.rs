//! An opened backend, whatever it keeps of a result.

use std::sync::{Arc, Weak};
use std::time::Duration;

use opero_core::{BackendError, Instant, Key};

#[cfg(feature = "bytes")]
use crate::backend::ByteStore;
use crate::backend::CacheBackend;

/// An opened backend.
#[derive(Debug, Clone)]
pub(crate) enum Tier {
    /// Results as they are.
    Objects(Arc<dyn CacheBackend>),
    /// Results as bytes.
    #[cfg(feature = "bytes")]
    Records(Arc<dyn ByteStore>),
}

/// Calls what both kinds of backend have.
macro_rules! either {
    ($tier:expr, $backend:ident => $does:expr) => {
        match $tier {
            Tier::Objects($backend) => $does,
            #[cfg(feature = "bytes")]
            Tier::Records($backend) => $does,
        }
    };
}

impl Tier {
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

    /// Returns how long a call waits for one answer; `None`: the backend limits that itself.
    pub(crate) fn limit(&self, timeout: Duration) -> Option<Duration> {
        match self {
            Self::Objects(_) => Some(timeout),
            #[cfg(feature = "bytes")]
            Self::Records(store) => limit(&**store, timeout),
        }
    }

    #[cfg(feature = "bytes")]
    pub(crate) const fn keeps_records(&self) -> bool {
        match self {
            Self::Objects(_) => false,
            Self::Records(_) => true,
        }
    }

    pub(crate) fn downgrade(&self) -> WeakTier {
        match self {
            Self::Objects(backend) => WeakTier::Objects(Arc::downgrade(backend)),
            #[cfg(feature = "bytes")]
            Self::Records(store) => WeakTier::Records(Arc::downgrade(store)),
        }
    }
}

/// Returns how long a call waits for one answer of `store`; `None`: the store limits that itself.
#[cfg(feature = "bytes")]
pub(crate) fn limit(store: &dyn ByteStore, timeout: Duration) -> Option<Duration> {
    (!store.bounds_itself()).then_some(timeout)
}

/// A tier that does not keep its backend open.
#[derive(Debug)]
pub(crate) enum WeakTier {
    Objects(Weak<dyn CacheBackend>),
    #[cfg(feature = "bytes")]
    Records(Weak<dyn ByteStore>),
}

impl WeakTier {
    pub(crate) fn upgrade(&self) -> Option<Tier> {
        match self {
            Self::Objects(backend) => backend.upgrade().map(Tier::Objects),
            #[cfg(feature = "bytes")]
            Self::Records(store) => store.upgrade().map(Tier::Records),
        }
    }
}
