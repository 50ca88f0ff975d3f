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

use std::future::Future;
use std::sync::Arc;

use opero_core::{Clock, ConfigError, Context, Error, Operation, Then, Waiting};

use crate::PipelineConfig;
use crate::execution::Execution;
use crate::mechanism::cache::{self, CacheSlot};
use crate::mechanism::ratelimit::{self, RateLimitSlot};
use crate::mechanism::retry::{self, FallbackSlot, RetrySlot};
use crate::place::Place;

/// The stages of one function, built from its parameters. Neither generic over values nor over errors, so that it lives
/// in a static beside any function, generic ones too.
#[derive(Debug)]
pub struct Stages {
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    cache: CacheSlot,
    retry: RetrySlot,
    fallback: FallbackSlot,
    rate_limit: RateLimitSlot,
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
            retry: retry::build_retry(config)?,
            fallback: retry::build_fallback(),
            rate_limit: ratelimit::build(config, &clock)?,
            execution: Execution {
                timeout: retry::build_timeout(config)?,
            },
            clock,
        })
    }

    /// Everything behind retry, around `operation`: what one attempt goes through.
    #[inline]
    fn attempts<'a, T, E, N>(
        &'a self,
        inside: &'a impl Place<T, E>,
        operation: N,
    ) -> impl Operation<T, E>
    where
        T: Send + 'a,
        E: Send + 'a,
        N: Operation<T, E> + 'a,
    {
        let execution = inside.around(Then::new(&self.execution, operation));
        Then::new(&self.fallback, Then::new(&self.rate_limit, execution))
    }

    /// Passes a call past the cache.
    #[inline]
    pub fn uncached<'a, T, E, N>(
        &'a self,
        outside: &'a impl Place<T, E>,
        inside: &'a impl Place<T, E>,
        cx: &'a Context<'a>,
        operation: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send
    where
        T: Send + 'a,
        E: Send + 'a,
        N: Operation<T, E> + 'a,
    {
        outside.lead(&self.retry, cx, self.attempts(inside, operation))
    }

    /// Passes a call through the cache.
    #[inline]
    pub fn cached<'a, T, E, N>(
        &'a self,
        outside: &'a impl Place<T, E>,
        inside: &'a impl Place<T, E>,
        cx: &'a Context<'a>,
        operation: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send
    where
        T: Clone + Send + Sync + 'static,
        E: Send + 'a,
        N: Operation<T, E> + 'a,
    {
        let retried = Then::new(&self.retry, self.attempts(inside, operation));
        outside.lead(&self.cache, cx, retried)
    }

    /// Executes a call without looking it up, and has the cache keep the result.
    #[inline]
    pub async fn refreshed<'a, T, E, N>(
        &'a self,
        outside: &'a impl Place<T, E>,
        inside: &'a impl Place<T, E>,
        cx: &'a Context<'a>,
        operation: N,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send + 'a,
        N: Operation<T, E> + 'a,
    {
        let retried = Then::new(&self.retry, self.attempts(inside, operation));
        let refreshing = cache::refreshing(&self.cache);
        outside.lead(&refreshing, cx, retried).await
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
        Outside: Place<T, E>,
    {
        match outside.is_transparent() {
            true => cache::known(&self.cache, cx, operation),
            false => None,
        }
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
