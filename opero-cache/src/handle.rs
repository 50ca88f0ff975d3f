//! What users do with a cache beside calling through it.

use opero_core::mechanism::pass_through;
use opero_core::{
    Arguments, Attempt, BackendError, Context, Error, Keeping, Mechanism, Next, Operation, Outcome,
    Slot, Stage,
};

use crate::look::Look;
use crate::stage::Cache;

impl Cache {
    /// Looks the result of a call up without running anything. One that is past its time to live is found as long as it may
    /// serve. It counts as no hit, and no event tells of it.
    pub async fn get<T, E, N>(&self, cx: &Context<'_>, operation: &N) -> Option<T>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        let mut slot = Slot::new(operation.policy(), Some(Keeping::CLONE));
        let found = self.get_call(cx, operation.arguments(), &mut slot).await;
        slot.take_value().filter(|_| found)
    }

    /// [`get`](Self::get) for a call whose types are forgotten. Returns `true` if the outcome has the value.
    pub async fn get_call(
        &self,
        cx: &Context<'_>,
        arguments: &dyn Arguments,
        outcome: &mut dyn Outcome,
    ) -> bool {
        let Ok(Some(key)) = self.key_of(cx, arguments, outcome.codec_type().is_some()) else {
            return false;
        };
        matches!(self.look(cx, outcome, &key).await, Look::Hit(_))
    }

    /// Keeps the result of a call, as if the function had returned it just now.
    pub async fn insert<T, E, N>(&self, cx: &Context<'_>, operation: &N, value: &T)
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
    {
        let mut slot = Slot::new(operation.policy(), Some(Keeping::CLONE));
        slot.put(Attempt::FIRST, Ok(value.clone()));
        self.insert_call(cx, operation.arguments(), &mut slot).await;
    }

    /// [`insert`](Self::insert) for a call whose types are forgotten: keeps the outcome's value.
    pub async fn insert_call(
        &self,
        cx: &Context<'_>,
        arguments: &dyn Arguments,
        outcome: &mut dyn Outcome,
    ) {
        if let Ok(Some(key)) = self.key_of(cx, arguments, outcome.codec_type().is_some()) {
            self.replace(cx, outcome, &key).await;
        }
    }

    /// Drops the result of a call. One under way does not bring it back: it answers those who wait for it already, and no
    /// others.
    ///
    /// # Errors
    /// The backend's: the entry may still be there.
    pub async fn remove<T: Send, E: Send, N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        operation: &N,
    ) -> Result<(), BackendError> {
        let mut slot = Slot::new(operation.policy(), None);
        self.remove_call(cx, operation.arguments(), &mut slot).await
    }

    /// [`remove`](Self::remove) for a call whose types are forgotten.
    ///
    /// # Errors
    /// The backend's: the entry may still be there.
    pub async fn remove_call(
        &self,
        cx: &Context<'_>,
        arguments: &dyn Arguments,
        outcome: &mut dyn Outcome,
    ) -> Result<(), BackendError> {
        match self.key_of(cx, arguments, outcome.codec_type().is_some()) {
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
        pass_through(self, cx, attempt, &next, Some(Keeping::CLONE)).await
    }
}

impl Mechanism for Refreshing<'_> {
    async fn pass<N: Next>(&self, cx: &Context<'_>, attempt: Attempt, next: &mut N) {
        let key = match self.0.key_of_next(cx, next) {
            Ok(key) => key,
            Err(error) => return next.outcome().reject(attempt, error.into()),
        };
        next.attempt(cx, attempt).await;
        if let Some(key) = key
            && next.outcome().is_worth_keeping()
        {
            self.0.replace(cx, next.outcome(), &key).await;
        }
    }
}
