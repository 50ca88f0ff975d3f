//! A closure that a pipeline calls, as the shell sees it.

use std::any::Any;
use std::future::Future;

use opero_core::{Arguments, Attempt, ConfigError, Context, Error, Key, Limits, Operation};

use super::Pipeline;
use super::hooks::Both;
use crate::fast_path::Needs;
use crate::order::Stages;
use crate::route::Placed;
use crate::shell::{Target, Whole};

/// One call through a pipeline.
pub(super) struct PipelineCall<'c, E, Outside, Inside, N, T> {
    pub(super) pipeline: &'c Pipeline<E, Outside, Inside>,
    pub(super) cx: &'c Context<'c>,
    pub(super) operation: &'c N,
    /// For `cache_if`.
    pub(super) as_any: fn(&T) -> Option<&dyn Any>,
}

impl<'c, E, Outside, Inside, N, T> Target for PipelineCall<'c, E, Outside, Inside, N, T>
where
    E: Send + Sync,
    (Outside, Inside): Send + Sync,
    N: Operation<T, E>,
    T: Send + 'c,
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

    fn key(&self, (): &()) -> Option<Key> {
        self.operation.arguments().key()
    }

    fn arguments<'a>(whole: &'a Whole<'a, Self>) -> Option<&'a dyn Arguments> {
        Some(whole.target.operation.arguments())
    }

    fn needs(&self, (): &()) -> Needs {
        let arguments = self.operation.arguments();
        let rate_key = arguments.rate_key();
        Needs {
            alternatives: arguments.alternatives(),
            cost: arguments.cost(),
            rate_key,
            has_shared_key: rate_key.is_some()
                || arguments.stable_rate_key(&mut Vec::new()).is_some(),
        }
    }

    fn lift(returned: Result<T, Error<E>>) -> Result<T, Error<E>> {
        returned
    }
}

impl<'c, E, Outside, Inside, N, T> PipelineCall<'c, E, Outside, Inside, N, T>
where
    N: Operation<T, E>,
{
    /// Executes the closure once.
    pub(super) fn execute(
        &self,
        (): &(),
        limits: Limits,
        attempt: Attempt,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send + use<'c, E, Outside, Inside, N, T> {
        let (cx, operation) = (self.cx.with_limits(limits), self.operation);
        async move { operation.attempt(&cx, attempt).await }
    }
}

impl<'c, E, Outside, Inside, N, T> Placed for PipelineCall<'c, E, Outside, Inside, N, T>
where
    E: Send + Sync,
    (Outside, Inside): Send + Sync,
    N: Operation<T, E>,
    T: Send + 'c,
{
    type Places = (Outside, Inside);

    fn places(&self) -> &(Outside, Inside) {
        &self.pipeline.places
    }
}
