//! Permits without a function: for code that the stage cannot wrap.

use std::hash::Hash;

use opero_core::{ConfigError, Context, Key, Rejected, block_on};

use crate::RateLimit;
use crate::shared::not_serialize;

impl RateLimit {
    /// Waits for `cost` permits.
    ///
    /// ```
    /// # opero_core::block_on(async {
    /// let limit = opero_ratelimit::RateLimit::per_second(1_000.0).unwrap();
    /// limit.acquire(1).await?;
    /// // … what may happen a thousand times a second
    /// # Ok::<_, opero_core::Rejected>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Where the wait would be longer than `max_wait`, `cost` is above the burst, or the backend does not answer.
    pub async fn acquire(&self, cost: u32) -> Result<(), Rejected> {
        let cx = Context::system().with_function(&self.name);
        self.permit(&cx, None, cost).await
    }

    /// Waits for `cost` permits, and blocks the thread meanwhile.
    ///
    /// Not for async code: where it blocks the thread that drives the tasks ahead of it, none of them gets on.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub fn acquire_sync(&self, cost: u32) -> Result<(), Rejected> {
        let cx = Context::blocking().with_function(&self.name);
        block_on(self.permit(&cx, None, cost))
    }

    /// The limiter of one value: each has its own quota.
    ///
    /// ```
    /// let limit = opero_ratelimit::RateLimit::per_second(1.0)?;
    /// for tenant in ["anna", "bert"] {
    ///     limit.keyed(tenant).acquire_sync(1).unwrap();
    /// }
    /// # Ok::<_, opero_core::ConfigError>(())
    /// ```
    ///
    /// Where the limiter is shared with other processes it rejects: see `keyed_shared` (feature `shared`).
    pub fn keyed<K: Hash + ?Sized>(&self, value: &K) -> KeyedLimit<'_> {
        let key = match self.shared {
            None => Ok(Key::of(value)),
            Some(_) => Err(not_serialize()),
        };
        KeyedLimit { limit: self, key }
    }

    /// The limiter of one value, the same one in every process where the limiter is shared.
    #[cfg(feature = "shared")]
    pub fn keyed_shared<K: Hash + serde::Serialize + ?Sized>(&self, value: &K) -> KeyedLimit<'_> {
        let key = match &self.shared {
            None => Ok(Key::of(value)),
            Some(keys) => keys.of_value(value),
        };
        KeyedLimit { limit: self, key }
    }
}

/// A [`RateLimit`], for one value of its key.
#[derive(Debug, Clone)]
pub struct KeyedLimit<'a> {
    limit: &'a RateLimit,
    key: Result<Key, ConfigError>,
}

impl KeyedLimit<'_> {
    /// As [`RateLimit::acquire`].
    ///
    /// # Errors
    /// As there, and where the key cannot mean the same in every process that shares the limiter.
    pub async fn acquire(&self, cost: u32) -> Result<(), Rejected> {
        let cx = Context::system().with_function(&self.limit.name);
        self.permit(&cx, cost).await
    }

    /// As [`RateLimit::acquire_sync`].
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub fn acquire_sync(&self, cost: u32) -> Result<(), Rejected> {
        let cx = Context::blocking().with_function(&self.limit.name);
        block_on(self.permit(&cx, cost))
    }

    async fn permit(&self, cx: &Context<'_>, cost: u32) -> Result<(), Rejected> {
        let key = self.key.clone()?;
        self.limit.permit(cx, Some(key), cost).await
    }
}
