//! A closure that a pipeline calls, as the shell sees it.

use std::any::Any;

use opero_core::{
    Arguments, Attempt, Background, CodecError, ConfigError, Context, Error, Key, Limits, Operation,
};

use super::Pipeline;
use super::hooks::Both;
use crate::fast_path::Permits;
use crate::order::Stages;
use crate::route::Placed;
use crate::shell::Target;

/// One call through a pipeline.
pub(super) struct PipelineCall<'c, E, Outside, Inside, N, T> {
    pub(super) pipeline: &'c Pipeline<E, Outside, Inside>,
    pub(super) cx: &'c Context<'c>,
    pub(super) operation: &'c N,
    /// For `cache_if`.
    pub(super) as_any: fn(&T) -> Option<&dyn Any>,
}

macro_rules! forward {
    ($($method:ident($($name:ident: $type:ty),*) -> $output:ty;)*) => {$(
        fn $method(&self, $($name: $type),*) -> $output {
            self.operation.arguments().$method($($name),*)
        }
    )*};
}

#[deny(clippy::missing_trait_methods)]
impl<E, Outside, Inside, N, T> Arguments for PipelineCall<'_, E, Outside, Inside, N, T>
where
    E: Send + Sync,
    (Outside, Inside): Send + Sync,
    N: Operation<T, E>,
{
    forward! {
        key() -> Option<Key>;
        stable_key(out: &mut Vec<u8>) -> Option<Result<(), CodecError>>;
        in_background() -> Option<Background>;
        alternatives() -> usize;
        rate_key() -> Option<Key>;
        stable_rate_key(out: &mut Vec<u8>) -> Option<Result<(), CodecError>>;
        cost() -> u32;
        encode(attempt: Attempt, out: &mut Vec<u8>) -> Result<(), CodecError>;
    }
}

impl<'c, E, Outside, Inside, N, T> Target for PipelineCall<'c, E, Outside, Inside, N, T>
where
    E: Send + Sync,
    (Outside, Inside): Send + Sync,
    N: Operation<T, E>,
    T: Send + 'c,
{
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

    fn permits(&self) -> Permits {
        Permits {
            cost: self.cost(),
            key: self.rate_key(),
            is_keyed: self.stable_rate_key(&mut Vec::new()).is_some(),
        }
    }

    async fn execute(&self, limits: Limits, attempt: Attempt) -> Result<T, Error<E>> {
        let cx = self.cx.with_limits(limits);
        self.operation.attempt(&cx, attempt).await
    }

    fn lift(returned: Result<T, Error<E>>) -> Result<T, Error<E>> {
        returned
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
