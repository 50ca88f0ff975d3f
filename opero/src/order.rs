//! The one order of the stages. Nothing else in opero states or changes it.
//!
//! ```text
//! caller -> outside -> cache -> retry -> fallback -> rate limit -> inside -> timeout -> function
//! ```
//!
//! - The cache is outermost: a hit costs no retry, no permit, no worker.
//! - Retry is around fallback: one attempt tries every fallback value before it backs off.
//! - Fallback is around the limit: every execution takes its own permit.
//! - The timeout is innermost: waiting for a permit is not part of an attempt's time.
//! - `outside` and `inside` are where stages of the user's go.

use std::sync::Arc;

use opero_core::{Clock, ConfigError, Context, Operation, Stack, Stage, Waiting};

use crate::PipelineConfig;
use crate::execution::Execution;
use crate::mechanism::cache::{self, CacheSlot};
use crate::mechanism::ratelimit::{self, RateLimitSlot};
use crate::mechanism::retry::{self, FallbackSlot, RetrySlot};

/// Between the cache and the user's inner stage.
type Upper = Stack<RetrySlot, Stack<FallbackSlot, RateLimitSlot>>;
/// The stages of a call that is not cached, around an operation.
pub(crate) type Uncached<'a, Outside, Inside> =
    Stack<Outside, Stack<&'a Upper, Stack<Inside, &'a Execution>>>;
/// The stages of a cached call, around an operation.
pub(crate) type Cached<'a, Outside, Inside> =
    Stack<Outside, Stack<&'a CacheSlot, Stack<&'a Upper, Stack<Inside, &'a Execution>>>>;
/// The stages of a call that is cached but not looked up.
pub(crate) type Refreshed<'a, Outside, Inside> =
    Stack<Outside, Stack<cache::RefreshSlot<'a>, Stack<&'a Upper, Stack<Inside, &'a Execution>>>>;

/// The stages of one function, built from its parameters. Neither generic over values nor over errors, so that it lives
/// in a static beside any function, generic ones too.
#[derive(Debug)]
pub struct Stages {
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    cache: CacheSlot,
    upper: Upper,
    execution: Execution,
}

impl Stages {
    /// Builds the stages of the function `name`.
    ///
    /// # Errors
    /// A parameter outside its range, or a backend that is unknown or does not open.
    pub fn build(
        name: &str,
        config: &PipelineConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            name: name.into(),
            cache: cache::build(name, config)?,
            upper: Stack::new(
                retry::build_retry(config)?,
                Stack::new(retry::build_fallback(), ratelimit::build(config, &clock)?),
            ),
            execution: Execution {
                timeout: retry::build_timeout(config)?,
            },
            clock,
        })
    }

    /// The result of a call that the cache has in memory. `outside` comes before the cache, so where there is such a
    /// stage, only the whole pipeline can answer.
    #[inline]
    pub fn known<T, E, N, Outside>(
        &self,
        cx: &Context<'_>,
        outside: &Outside,
        operation: &N,
    ) -> Option<T>
    where
        T: Clone + 'static,
        N: Operation<T, E>,
        Outside: Stage<T, E>,
    {
        match outside.is_transparent() {
            true => cache::known(&self.cache, cx, operation),
            false => None,
        }
    }

    /// The stages for a cached call.
    #[inline]
    pub fn cached<Outside, Inside>(
        &self,
        outside: Outside,
        inside: Inside,
    ) -> Cached<'_, Outside, Inside> {
        Stack::new(
            outside,
            Stack::new(
                &self.cache,
                Stack::new(&self.upper, Stack::new(inside, &self.execution)),
            ),
        )
    }

    /// The stages for a call that passes the cache by.
    #[inline]
    pub fn uncached<Outside, Inside>(
        &self,
        outside: Outside,
        inside: Inside,
    ) -> Uncached<'_, Outside, Inside> {
        Stack::new(
            outside,
            Stack::new(&self.upper, Stack::new(inside, &self.execution)),
        )
    }

    /// The stages for a call that is executed in any case and whose result the cache keeps.
    #[inline]
    pub fn refreshed<Outside, Inside>(
        &self,
        outside: Outside,
        inside: Inside,
    ) -> Refreshed<'_, Outside, Inside> {
        Stack::new(
            outside,
            Stack::new(
                cache::refreshing(&self.cache),
                Stack::new(&self.upper, Stack::new(inside, &self.execution)),
            ),
        )
    }

    /// The clock of the whole pipeline.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The cache, where it is on.
    pub fn cache(&self) -> &CacheSlot {
        &self.cache
    }

    /// The context of a call of this function.
    #[inline]
    pub fn context(&self, waiting: Waiting) -> Context<'_> {
        Context::new(&*self.clock, waiting).with_function(&self.name)
    }
}
