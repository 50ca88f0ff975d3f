//! A decorated function as the stages see it.

use std::future::Future;
use std::time::Duration;

use opero_core::{
    Attempt, Background, Codec, CodecError, Context, Error, Key, Operation, RefusedKind,
    SharedError, Waiting,
};

use super::Adapter;
use super::keys::MakeKey;
use super::path;
use super::recipe::Recipe;

/// How the body of a function runs.
pub trait Body<S, I, R>: Send + Sync {
    /// How it waits.
    const WAITING: Waiting;

    /// The name of the user's closure. It holds the path of the function and the types it is generic over, and nothing of
    /// this crate's own types: it is a part of keys that other versions must find again.
    fn name() -> &'static str;

    /// Executes it once.
    fn execute(&self, shared: &S, item: &I, attempt: Attempt) -> impl Future<Output = R> + Send;
}

/// The body of an async function: a closure that makes a future.
#[derive(Debug, Clone, Copy)]
pub struct AsyncBody<F>(pub(super) F);

impl<S, I, R, F, Fut> Body<S, I, R> for AsyncBody<F>
where
    F: Fn(&S, &I, Attempt) -> Fut + Send + Sync,
    Fut: Future<Output = R> + Send,
{
    const WAITING: Waiting = Waiting::Async;

    fn name() -> &'static str {
        std::any::type_name::<F>()
    }

    #[inline]
    fn execute(&self, shared: &S, item: &I, attempt: Attempt) -> impl Future<Output = R> + Send {
        (self.0)(shared, item, attempt)
    }
}

/// The body of a synchronous function: it runs inside the poll.
#[derive(Debug, Clone, Copy)]
pub struct SyncBody<F>(pub(super) F);

impl<S: Sync, I: Sync, R, F> Body<S, I, R> for SyncBody<F>
where
    F: Fn(&S, &I, Attempt) -> R + Send + Sync,
{
    const WAITING: Waiting = Waiting::Blocking;

    fn name() -> &'static str {
        std::any::type_name::<F>()
    }

    #[inline]
    async fn execute(&self, shared: &S, item: &I, attempt: Attempt) -> R {
        (self.0)(shared, item, attempt)
    }
}

/// One call: a recipe with its item.
#[derive(Debug)]
pub struct Call<'c, A: Adapter, S, I, B, K, R, Out, In> {
    pub(super) recipe: &'c Recipe<A, S, I, B, K, R, Out, In>,
    pub(super) item: &'c I,
}

impl<A, S, I, B, K, R, Out, In> Operation<A::Value, A::Error>
    for Call<'_, A, S, I, B, K, R, Out, In>
where
    A: Adapter,
    A::Value: Send,
    A::Error: Send,
    S: Send + Sync,
    I: Sync,
    B: Body<S, I, A::Return>,
    K: MakeKey<S, I>,
    R: Send + Sync,
    Out: Send + Sync,
    In: Send + Sync,
{
    #[inline]
    async fn attempt(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
    ) -> Result<A::Value, Error<A::Error>> {
        // A stage of the user's may stand where no fallback stage keeps the alternative in range.
        let Some(last) = self.alternatives().checked_sub(1) else {
            return Err(Error::refused(RefusedKind::EmptyFallback));
        };
        let attempt = attempt.with_alternative(attempt.alternative.min(last));
        if let Some(execution) = self.elsewhere(cx, attempt) {
            return execution.await;
        }
        let body = &self.recipe.body;
        A::lift(body.execute(&self.recipe.shared, self.item, attempt).await)
    }

    // Always: a key that passes through memory in halves stalls the load of the whole.
    #[inline(always)]
    fn key(&self) -> Option<Key> {
        self.recipe.key.make::<B>(&self.recipe.shared, self.item)
    }

    fn stable_key(&self, out: &mut Vec<u8>) -> Option<Result<(), CodecError>> {
        let recipe = self.recipe;
        let name = path::of_body(B::name(), recipe.function.name());
        recipe
            .key
            .make_stable(&name, &recipe.shared, self.item, out)
    }

    fn codec(&self) -> Option<Codec<A::Value>> {
        self.recipe.answers.codec.map(|codec| codec())
    }

    fn in_background(&self) -> Option<Background> {
        let recipe = self.recipe;
        recipe.key.in_background(&recipe.shared, self.item)
    }

    #[inline]
    fn alternatives(&self) -> usize {
        let alternatives = self.recipe.answers.alternatives;
        alternatives.map_or(1, |count| count(&self.recipe.shared))
    }

    fn rate_key(&self) -> Option<Key> {
        let key = self.recipe.answers.rate_key?;
        Some(key(&self.recipe.shared, self.item))
    }

    fn stable_rate_key(&self, out: &mut Vec<u8>) -> Option<Result<(), CodecError>> {
        self.recipe.answers.stable_rate_key?(&self.recipe.shared, self.item, out)
    }

    fn cost(&self) -> u32 {
        let cost = self.recipe.answers.rate_cost;
        cost.map_or(1, |cost| cost(&self.recipe.shared, self.item))
    }

    fn retry_on(&self, error: &A::Error) -> bool {
        self.recipe.answers.retry_on.is_none_or(|on| on(error))
    }

    fn retry_after(&self, error: &A::Error) -> Option<Duration> {
        self.recipe
            .answers
            .retry_after
            .and_then(|after| after(error))
    }

    fn fallback_on(&self, error: &A::Error) -> bool {
        self.recipe.answers.fallback_on.is_none_or(|on| on(error))
    }

    fn cache_if(&self, value: &A::Value) -> bool {
        self.recipe.answers.cache_if.is_none_or(|keep| keep(value))
    }

    fn share_error(&self, error: &Error<A::Error>) -> Option<SharedError> {
        let sharing = self.recipe.answers.sharing.as_ref()?;
        Some((sharing.share)(error))
    }

    fn unshare_error(&self, shared: &SharedError) -> Option<Error<A::Error>> {
        let sharing = self.recipe.answers.sharing.as_ref()?;
        (sharing.unshare)(shared)
    }
}
