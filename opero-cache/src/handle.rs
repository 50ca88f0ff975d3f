//! What users do with a cache beside calling through it.

use opero_core::{Attempt, BackendError, Context, Error, Operation, Stage};

use crate::look::Look;
use crate::stage::Cache;

impl Cache {
    /// Looks the result of a call up without running anything. One that is past its time to live is found as long as it may
    /// serve.
    pub async fn get<T, E, N>(&self, cx: &Context<'_>, operation: &N) -> Option<T>
    where
        T: Clone + Send + Sync + 'static,
        N: Operation<T, E>,
    {
        let key = self.key_of(cx, operation).ok()??;
        match self.look(cx, operation, &key).await {
            Look::Hit(found) => {
                self.tell_found(cx, found.age);
                Some(found.value)
            }
            Look::Miss | Look::Ask => None,
        }
    }

    /// Keeps the result of a call, as if the function had returned it just now.
    pub async fn insert<T, E, N>(&self, cx: &Context<'_>, operation: &N, value: &T)
    where
        T: Clone + Send + Sync + 'static,
        N: Operation<T, E>,
    {
        if let Ok(Some(key)) = self.key_of(cx, operation) {
            self.replace(cx, operation, &key, value).await;
        }
    }

    /// Drops the result of a call. One under way does not bring it back: it answers those who wait for it already, and no
    /// others.
    ///
    /// # Errors
    /// The backend's: the entry may still be there.
    pub async fn remove<T, E, N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        operation: &N,
    ) -> Result<(), BackendError> {
        match self.key_of(cx, operation) {
            Ok(Some(key)) => self.invalidate(&key).await,
            _ => Ok(()),
        }
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
        let key = self.0.key_of(cx, &next)?;
        let value = next.attempt(cx, attempt).await?;
        if let Some(key) = key
            && next.cache_if(&value)
        {
            self.0.replace(cx, &next, &key, &value).await;
        }
        Ok(value)
    }
}
