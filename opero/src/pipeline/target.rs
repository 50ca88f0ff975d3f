//! A closure that a pipeline calls, as the shell sees it.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;

use opero_core::{Arguments, Attempt, ConfigError, Error, Key, KeyBytes, Limits, Operation};

use super::Pipeline;
use super::hooks::Both;
use crate::fast_path::Needs;
use crate::order::Stages;
use crate::rest::Known;
use crate::route::Placed;
use crate::shell::{AsyncTarget, Lookup, Routed, SyncTarget, Target, Whole};

/// One call through a pipeline. `R` says whether it passes the cache, and `M` executes the closure
/// once.
pub(super) struct PipelineCall<'c, E, Outside, Inside, N, T, R, M> {
    pub(super) pipeline: &'c Pipeline<E, Outside, Inside>,
    pub(super) operation: &'c N,
    pub(super) execute: M,
    /// For `cache_if`.
    pub(super) as_any: fn(&T) -> Option<&dyn Any>,
    pub(super) route: PhantomData<fn() -> R>,
}

impl<'c, E, Outside, Inside, N, T, R, M> Target for PipelineCall<'c, E, Outside, Inside, N, T, R, M>
where
    E: 'c,
    (Outside, Inside): Send + Sync,
    N: Operation<T, E>,
    T: 'c,
    R: Lookup<T>,
    M: Send + Sync,
{
    type Item = ();
    type Value = T;
    type Error = E;
    type Returned = Result<T, Error<E>>;
    type Policy = Both<'c, T, E>;

    fn stages(&self) -> Result<&Stages, &ConfigError> {
        Ok(&self.pipeline.stages)
    }

    fn policy(&self) -> Both<'c, T, E> {
        Both {
            own: self.operation.policy(),
            hooks: &self.pipeline.hooks,
            as_any: self.as_any,
        }
    }

    fn needs(&self, (): &(), attempt: Attempt) -> Needs {
        let arguments = self.operation.arguments();
        let rate_key = arguments.rate_key(attempt);
        Needs {
            fallback_values: arguments.fallback_values(),
            cost: arguments.cost(attempt),
            rate_key,
            has_shared_key: rate_key.is_some()
                || arguments
                    .stable_rate_key(attempt, &mut KeyBytes::new())
                    .is_some(),
        }
    }
}

impl<'c, E, Outside, Inside, N, T, R, M> Routed for PipelineCall<'c, E, Outside, Inside, N, T, R, M>
where
    Self: Target<Value = T, Error = E, Returned = Result<T, Error<E>>>,
    N: Operation<T, E>,
    R: Lookup<T>,
{
    type Route = R;
    const KNOWN: Known<T, E, Result<T, Error<E>>> = Known::by::<R>(|returned| returned);

    fn key(&self, _: &Self::Item) -> Option<Key> {
        self.operation.arguments().key()
    }

    fn arguments<'a>(whole: &'a Whole<'a, Self>) -> Option<&'a dyn Arguments> {
        Some(whole.target.operation.arguments())
    }
}

impl<'c, E, Outside, Inside, N, T, R, M, Fut> AsyncTarget
    for PipelineCall<'c, E, Outside, Inside, N, T, R, M>
where
    Self: Routed<Item = (), Returned = Result<T, Error<E>>>,
    M: Fn(Limits, Attempt) -> Fut,
    Fut: Future<Output = Result<T, Error<E>>>,
{
    type Future = Fut;

    fn execute(&self, (): &(), limits: Limits, attempt: Attempt) -> Fut {
        (self.execute)(limits, attempt)
    }
}

impl<E, Outside, Inside, N, T, R, M> SyncTarget for PipelineCall<'_, E, Outside, Inside, N, T, R, M>
where
    Self: Target<Item = (), Returned = Result<T, Error<E>>>,
    M: Fn(Attempt) -> Result<T, E>,
{
    fn execute_sync(&self, (): &(), attempt: Attempt) -> Result<T, Error<E>> {
        (self.execute)(attempt).map_err(Error::from)
    }
}

impl<E, Outside, Inside, N, T, R, M> Placed for PipelineCall<'_, E, Outside, Inside, N, T, R, M>
where
    Self: Routed,
{
    type Places = (Outside, Inside);

    fn places(&self) -> &(Outside, Inside) {
        &self.pipeline.places
    }
}
