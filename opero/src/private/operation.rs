//! A decorated function with its arguments, as the shell and the stages see it.

use std::future::{Future, Ready, ready};
use std::ops::Deref;

use opero_core::{Arguments, Attempt, Background, CodecError, Key, KeyBytes, WaitMode};

use super::recipe::Callee;
use crate::shell::Whole;

/// How the body of a function runs.
pub trait Body<S, I, R>: Send + Sync {
    /// How it waits.
    const WAIT_MODE: WaitMode;

    /// The name of the user's closure. It holds the path of the function and the types it is generic over, and nothing of
    /// this crate's own types: it is a part of keys that other versions must find again.
    fn name() -> &'static str;

    /// One execution of it.
    type Future: Future<Output = R>;

    /// Executes it once.
    fn execute(&self, shared: &S, item: &I, attempt: Attempt) -> Self::Future;
}

/// The body of an async function: a closure that makes a future.
#[derive(Debug, Clone, Copy)]
pub struct AsyncBody<F>(pub(super) F);

impl<S, I, R, F, Fut> Body<S, I, R> for AsyncBody<F>
where
    F: Fn(&S, &I, Attempt) -> Fut + Send + Sync,
    Fut: Future<Output = R>,
{
    type Future = Fut;
    const WAIT_MODE: WaitMode = WaitMode::Async;

    fn name() -> &'static str {
        std::any::type_name::<F>()
    }

    #[inline]
    fn execute(&self, shared: &S, item: &I, attempt: Attempt) -> Fut {
        (self.0)(shared, item, attempt)
    }
}

/// The body of a synchronous function.
#[derive(Debug, Clone, Copy)]
pub struct SyncBody<F>(pub(super) F);

impl<S, I, R, F> Body<S, I, R> for SyncBody<F>
where
    F: Fn(&S, &I, Attempt) -> R + Send + Sync,
{
    type Future = Ready<R>;
    const WAIT_MODE: WaitMode = WaitMode::Blocking;

    fn name() -> &'static str {
        std::any::type_name::<F>()
    }

    #[inline]
    fn execute(&self, shared: &S, item: &I, attempt: Attempt) -> Ready<R> {
        ready((self.0)(shared, item, attempt))
    }
}

/// A recipe that a call owns.
#[derive(Debug)]
pub struct Own<P>(
    /// The recipe.
    pub P,
);

impl<P> Deref for Own<P> {
    type Target = P;

    #[inline]
    fn deref(&self) -> &P {
        &self.0
    }
}

/// What only some calls are asked for. Its code is made for those alone: see [`MakeKey::arguments`].
#[deny(clippy::missing_trait_methods)]
impl<P: Callee> Arguments for Whole<'_, P> {
    fn key(&self) -> Option<Key> {
        self.target.key(self.item)
    }

    fn stable_key(&self, out: &mut KeyBytes) -> Option<Result<(), CodecError>> {
        self.target.stable_key(self.item, out)
    }

    fn in_background(&self) -> Option<Background> {
        self.target.in_background(self.item)
    }

    fn fallback_values(&self) -> usize {
        self.target.needs(self.item, Attempt::FIRST).fallback_values
    }

    fn rate_key(&self, attempt: Attempt) -> Option<Key> {
        self.target.needs(self.item, attempt).rate_key
    }

    fn stable_rate_key(
        &self,
        attempt: Attempt,
        out: &mut KeyBytes,
    ) -> Option<Result<(), CodecError>> {
        self.target.stable_rate_key(self.item, attempt, out)
    }

    fn cost(&self, attempt: Attempt) -> u32 {
        self.target.needs(self.item, attempt).cost
    }

    fn encode(&self, attempt: Attempt, out: &mut Vec<u8>) -> Result<(), CodecError> {
        self.target.encode(self.item, attempt, out)
    }
}
