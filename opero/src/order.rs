//! What a call does, in order: the one order of the stages. The [`fast_path`](crate::fast_path) of
//! a first attempt keeps to it.
//!
//! ```text
//! caller -> outside -> cache -> retry -> fallback -> rate limit -> inside -> timeout -> function
//! ```
//!
//! - The cache is outermost: a hit costs no retry, no permit, no worker.
//! - Retry is around fallback: one attempt tries every fallback value before it backs off.
//! - Fallback is around the limit: every execution takes its own permit.
//! - The timeout is innermost: waiting for a permit is not part of an attempt's time.
//! - `outside` and `inside` are where stages of the user's go ([`staged`](crate::staged)).
//!
//! All of it is compiled once, in this crate: a call comes as a `dyn Call`. The generic part, which
//! is compiled for each function, is the [`shell`](crate::shell).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use opero_core::{
    Attempt, Call, Clock, ConfigError, Context, Key, LocalCall, Mechanism, Next, ThreadBound,
    WaitMode, block_on, remote,
};

use crate::config::PipelineConfig;
use crate::execution::{self, Execution};
use crate::fast_path::Needs;
use crate::mechanism::cache::{self, CacheSlot, Followed, JoinedSlot};
use crate::mechanism::ratelimit::{self, RateLimitSlot};
use crate::mechanism::retry::{self, FallbackSlot, RetrySlot};
use crate::rest::Facts;
use crate::shell::Begun;

/// The stages of one function, built from its parameters. Neither generic over values nor over
/// errors, so that it lives in a static beside any function, generic ones too.
#[derive(Debug)]
pub struct Stages {
    name: Arc<str>,
    clock: Arc<dyn Clock>,
    pub(crate) cache: CacheSlot,
    retry: RetrySlot,
    fallback: FallbackSlot,
    pub(crate) rate_limit: RateLimitSlot,
    pub(crate) execution: Execution,
    /// A first attempt need not know when the call began: there is no `max_elapsed`.
    pub(crate) is_unbounded: bool,
    /// Nor has an attempt a time limit.
    pub(crate) is_untimed: bool,
}

/// What a call does about the cache.
#[derive(Debug, Clone, Copy)]
pub enum CacheUse {
    /// Through it.
    Through,
    /// Past it.
    Past,
    /// Executed in any case, and kept.
    Refresh,
}

/// How much of a call is left to do.
#[derive(Debug)]
pub(crate) struct Rest<'s> {
    pub(crate) cache: CacheUse,
    /// The key of a call whose hit was looked for in vain.
    pub(crate) missed: Option<Key>,
    /// The first attempt has run without the stages: what it came to is the outcome.
    pub(crate) has_first: bool,
    /// The lead under which it ran, or the place among those that follow another call.
    pub(crate) joined: JoinedSlot<'s>,
    /// The call has followed another one in vain, and executes beside it.
    pub(crate) is_alone: bool,
    /// A stage of the user's stands inside, and calls [`Stages::execute`] itself.
    pub(crate) is_staged: bool,
}

impl<'s> Rest<'s> {
    /// All of a call without stages of the user's.
    pub(crate) fn new(cache: CacheUse) -> Self {
        Self {
            cache,
            missed: None,
            has_first: false,
            joined: JoinedSlot::default(),
            is_alone: false,
            is_staged: false,
        }
    }

    /// What a call that has begun has left to do.
    pub(crate) fn of(cache: CacheUse, has_first: bool, begun: Begun<'s>) -> Self {
        Self {
            missed: begun.key,
            has_first,
            joined: begun.first.map(|first| first.joined).unwrap_or_default(),
            ..Self::new(cache)
        }
    }
}

/// The future of a call that the fast path did not settle.
pub(crate) type Running<'f> = Pin<Box<dyn Future<Output = ()> + Send + 'f>>;

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
            rate_limit: ratelimit::build(name, config, &clock)?,
            execution: Execution {
                timeout: retry::build_timeout(config)?,
            },
            is_unbounded: config.max_elapsed.is_none(),
            is_untimed: config.max_elapsed.is_none() && config.attempt_timeout.is_none(),
            clock,
        })
    }

    /// Passes a call through all stages. What it came to is the call's outcome.
    async fn pass(&self, cx: &Context<'_>, attempt: Attempt, call: &mut dyn Call, rest: Rest<'_>) {
        let execution = Innermost {
            execution: &self.execution,
            is_staged: rest.is_staged,
            call,
        };
        let first = FirstAttempt {
            has_ended: rest.has_first,
            next: self.rate_limit.around(execution),
        };
        let mut attempts = self.retry.around(self.fallback.around(first));
        let slot = &self.cache;
        match (rest.cache, rest.has_first) {
            (CacheUse::Past, _) => attempts.attempt(cx, attempt).await,
            (CacheUse::Through, true) => {
                cache::pass_led(slot, cx, attempt, rest.joined, &mut attempts).await;
            }
            (CacheUse::Through, false) => match rest.missed.filter(|_| rest.is_alone) {
                Some(key) => cache::pass_alone(slot, cx, attempt, key, &mut attempts).await,
                None => cache::pass(slot, cx, attempt, rest.missed, &mut attempts).await,
            },
            (CacheUse::Refresh, _) => {
                let refreshing = cache::refreshing(&self.cache);
                refreshing.pass(cx, attempt, &mut attempts).await;
            }
        }
    }

    /// One execution of a call within a stage of the user's: its time limit and its events.
    pub(crate) fn execute<'f>(
        &'f self,
        cx: &'f Context<'f>,
        attempt: Attempt,
        mut call: &'f mut (dyn Call + 'f),
    ) -> Running<'f> {
        Box::pin(async move { self.execution.pass(cx, attempt, &mut call).await })
    }

    /// What can be done of a call's rest without the stages: waits for the call that executes,
    /// where this one follows another; has a worker process run a first attempt that needs no more.
    /// Returns `true` if the outcome has its result.
    pub(crate) async fn short_cut<'s>(
        &'s self,
        cx: Option<&Context<'_>>,
        waiting: WaitMode,
        needs: &Needs,
        call: &mut dyn Call,
        rest: &mut Rest<'s>,
    ) -> bool {
        let cx = self.context_of(cx, waiting);
        if let Some(remote) = self.begin_remotely(&cx, rest, needs) {
            let attempt = Attempt::FIRST;
            let encoded = execution::encode(remote, attempt, (*call).arguments());
            let executed = remote::execute(&cx, remote, encoded).await;
            execution::decode(remote, attempt, executed, call.outcome());
            rest.has_first = true;
            return call.outcome().is_ok();
        }
        match cache::follow(&self.cache, &cx, &mut rest.joined, call).await {
            Some(Followed::Done) => return true,
            Some(Followed::Alone) => rest.is_alone = true,
            Some(Followed::Again) | None => {}
        }
        false
    }

    /// Runs what is left of a call after its first attempt, or of one that follows another call.
    pub(crate) async fn run_rest<'s>(
        stages: Result<&'s Self, &'s ConfigError>,
        cx: Option<&Context<'_>>,
        needs: &Needs,
        call: &mut dyn Call,
        mut rest: Rest<'s>,
    ) {
        if let Ok(stages) = stages
            && stages
                .short_cut(cx, WaitMode::Async, needs, call, &mut rest)
                .await
        {
            return;
        }
        Self::run(stages, cx, Attempt::FIRST, call, rest).await;
    }

    /// Runs what is left of a call. `cx` is `None` for a call in a context of its own.
    pub(crate) fn run<'f>(
        stages: Result<&'f Self, &'f ConfigError>,
        cx: Option<&'f Context<'f>>,
        attempt: Attempt,
        call: &'f mut (dyn Call + 'f),
        rest: Rest<'f>,
    ) -> Running<'f> {
        Box::pin(async move {
            match stages {
                Ok(stages) => {
                    let cx = stages.context_of(cx, WaitMode::Async);
                    stages.pass(&cx, attempt, call, rest).await;
                }
                Err(error) => call.outcome().reject(attempt, error.clone().into()),
            }
        })
    }

    /// [`short_cut`](Self::short_cut) and [`run`](Self::run) for a synchronous call.
    pub(crate) fn run_blocking<'s>(
        stages: Result<&'s Self, &ConfigError>,
        cx: Option<&Context<'_>>,
        arguments: &Facts<'_>,
        call: &mut dyn LocalCall,
        mut rest: Rest<'s>,
    ) {
        let waiting = WaitMode::Blocking;
        let mut call = ThreadBound::new(arguments, call);
        match stages {
            Ok(stages) => block_on(async {
                if !stages
                    .short_cut(cx, waiting, &arguments.needs, &mut call, &mut rest)
                    .await
                {
                    let cx = stages.context_of(cx, waiting);
                    stages.pass(&cx, Attempt::FIRST, &mut call, rest).await;
                }
            }),
            Err(error) => call.outcome().reject(Attempt::FIRST, error.clone().into()),
        }
    }

    /// Runs an async function alone, past all stages.
    pub(crate) fn run_bare<'f>(call: &'f mut (dyn Call + 'f)) -> Running<'f> {
        Box::pin(async move {
            let mut call = call;
            call.attempt(&Context::system(), Attempt::FIRST).await;
        })
    }

    /// The name in events and for backends.
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

    /// The context that a call brings, or one of its own.
    pub(crate) fn context_of<'c>(
        &'c self,
        cx: Option<&Context<'c>>,
        waiting: WaitMode,
    ) -> Context<'c> {
        cx.map_or_else(|| self.context(waiting), |cx| *cx)
    }

    /// The context of a call of this function.
    #[inline]
    pub fn context(&self, waiting: WaitMode) -> Context<'_> {
        Context::new(&*self.clock, waiting).with_function(&self.name)
    }
}

/// What stands behind the rate limit: an execution, or the user's stage with an execution in it.
struct Innermost<'c> {
    execution: &'c Execution,
    is_staged: bool,
    call: &'c mut (dyn Call + 'c),
}

impl Next for Innermost<'_> {
    async fn attempt(&mut self, cx: &Context<'_>, attempt: Attempt) {
        let mut call = &mut *self.call;
        match self.is_staged {
            true => call.attempt(cx, attempt).await,
            false => self.execution.pass(cx, attempt, &mut call).await,
        }
    }

    fn call(&mut self) -> &mut (dyn Call + '_) {
        &mut *self.call
    }
}

/// A first attempt that may have ended already, before the stages were asked.
struct FirstAttempt<N> {
    has_ended: bool,
    next: N,
}

impl<N: Next> Next for FirstAttempt<N> {
    async fn attempt(&mut self, cx: &Context<'_>, attempt: Attempt) {
        if !std::mem::take(&mut self.has_ended) {
            self.next.attempt(cx, attempt).await;
        }
    }

    fn call(&mut self) -> &mut (dyn Call + '_) {
        self.next.call()
    }
}
