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

use opero_core::{Attempt, Clock, ConfigError, Context, Error, Operation, Stage, Then, Waiting};

use crate::PipelineConfig;
use crate::execution::Execution;
use crate::mechanism::cache::{self, CacheSlot};
use crate::mechanism::ratelimit::{self, RateLimitSlot};
use crate::mechanism::retry::{self, FallbackSlot, RetrySlot};
use crate::place::Place;
use crate::shortcut::Attempts;

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
    /// Neither `attempt_timeout` nor `max_elapsed`.
    untimed: bool,
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
        Self::build_at(name, name, config, clock)
    }

    /// [`build`](Self::build) for a function that backends know by its `path`, since others may have its name.
    pub(crate) fn build_at(
        path: &str,
        name: &str,
        config: &PipelineConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        config.validate()?;
        Ok(Self {
            name: name.into(),
            cache: cache::build(path, config)?,
            retry: retry::build_retry(config)?,
            fallback: retry::build_fallback(),
            rate_limit: ratelimit::build(path, config, &clock)?,
            execution: Execution {
                timeout: retry::build_timeout(config)?,
            },
            untimed: config.attempt_timeout.is_none() && config.max_elapsed.is_none(),
            clock,
        })
    }

    /// Through the cache, and what it does not know through `attempts`.
    #[inline]
    pub fn cached<T, E, N, Inside>(
        &self,
        outside: &impl Place<T, E>,
        attempts: &Attempts<'_, Inside>,
        cx: &Context<'_>,
        operation: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
        Inside: Place<T, E>,
    {
        outside.lead(&self.cache, cx, Then::new(attempts, operation))
    }

    /// Past the cache, through `attempts`.
    #[inline]
    pub fn uncached<T, E, N, Inside>(
        &self,
        outside: &impl Place<T, E>,
        attempts: &Attempts<'_, Inside>,
        cx: &Context<'_>,
        operation: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send
    where
        T: Send,
        E: Send,
        N: Operation<T, E>,
        Inside: Place<T, E>,
    {
        outside.lead(attempts, cx, operation)
    }

    /// Through `attempts` in any case; the cache keeps the result.
    pub async fn refreshed<T, E, N, Inside>(
        &self,
        outside: &impl Place<T, E>,
        attempts: &Attempts<'_, Inside>,
        cx: &Context<'_>,
        operation: N,
    ) -> Result<T, Error<E>>
    where
        T: Clone + Send + Sync + 'static,
        E: Send,
        N: Operation<T, E>,
        Inside: Place<T, E>,
    {
        let refreshing = cache::refreshing(&self.cache);
        outside
            .lead(&refreshing, cx, Then::new(attempts, operation))
            .await
    }

    /// All attempts, each over all fallback values, of an operation that brings its own limit.
    pub(crate) fn retried<T: Send, E: Send, N: Operation<T, E>>(
        &self,
        cx: &Context<'_>,
        attempt: Attempt,
        limited: N,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send {
        self.retry
            .call(cx, attempt, Then::new(&self.fallback, limited))
    }

    /// One execution: its permit, the user's inner stage, its time.
    pub(crate) fn limited<'a, T: Send, E: Send, N: Operation<T, E>>(
        &'a self,
        inside: &'a impl Place<T, E>,
        operation: N,
    ) -> impl Operation<T, E> {
        let execution = inside.around(Then::new(&self.execution, operation));
        Then::new(&self.rate_limit, execution)
    }

    /// What a call goes through behind the cache.
    #[inline]
    pub const fn attempts<'a, Inside>(&'a self, inside: &'a Inside) -> Attempts<'a, Inside> {
        Attempts::new(self, inside)
    }

    /// Is there nothing that has to know when an attempt starts?
    #[inline]
    pub(crate) fn is_untimed(&self) -> bool {
        self.untimed
    }

    /// Takes the permits of `operation`, if they are there at once.
    #[inline]
    pub(crate) fn admits<T, E>(&self, operation: &impl Operation<T, E>) -> bool {
        ratelimit::admits(&self.rate_limit, operation)
    }

    /// The result of a call that the cache has in memory. `outside` comes before the cache, so where there is such a
    /// stage, only the whole pipeline can answer.
    #[inline(always)]
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

    /// The name in events.
    pub fn name(&self) -> &str {
        &self.name
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
