//! What users do with a cache beside calling through it.

use opero_core::{Attempt, BackendError, Context, Error, Key, Operation, Stage};

use crate::stage::Cache;

impl Cache {
    /// Looks a result up without running anything.
    pub async fn get<T: Clone + 'static>(&self, cx: &Context<'_>, key: &Key) -> Option<T> {
        self.look(cx, key).await
    }

    /// Keeps a result, as if the function had returned it just now.
    pub async fn insert<T: Clone + Send + Sync + 'static>(
        &self,
        cx: &Context<'_>,
        key: &Key,
        value: &T,
    ) {
        self.replace(cx, key, value).await;
    }

    /// Drops a result. A call under way does not bring it back: it answers those who wait for it already, and no others.
    ///
    /// # Errors
    /// The backend's: the entry may still be there.
    pub async fn remove(&self, key: &Key) -> Result<(), BackendError> {
        self.invalidate(key).await
    }

    /// Drops every result of this function; calls under way bring none back.
    ///
    /// # Errors
    /// The backend's: entries may still be there.
    pub async fn clear(&self) -> Result<(), BackendError> {
        self.invalidate_all().await
    }

    /// A stage that executes without looking, and keeps the result.
    pub fn refreshing(&self) -> Refreshing<'_> {
        Refreshing(self)
    }
}

/// The stage of [`Cache::refreshing`].
#[derive(Debug, Clone, Copy)]
pub struct Refreshing<'a>(&'a Cache);

impl<T: Clone + Send + Sync + 'static, E: Send> Stage<T, E> for Refreshing<'_> {
    async fn call<N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        next: N,
    ) -> Result<T, Error<E>> {
        let value = next.attempt(cx, attempt).await?;
        if let Some(key) = next.key()
            && next.cache_if(&value)
        {
            self.0.replace(cx, &key, &value).await;
        }
        Ok(value)
    }
}
