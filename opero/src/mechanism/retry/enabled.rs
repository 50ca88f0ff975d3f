//! Retry, fallback and timeout, present.

use std::task::{self, Poll};

use opero_core::{Clock, ConfigError, Rejected, RejectedKind};
use opero_retry::{Exponential, Fallback, Retry, RetryPolicy, Timeout, Timer};

use crate::config::PipelineConfig;
use crate::config::optional;

/// Always there: without retries it decides so itself, which costs less than asking whether it is
/// there.
pub(crate) type RetrySlot = Retry;
pub(crate) type FallbackSlot = Fallback;
pub(crate) type TimeoutSlot = Option<Timeout>;
pub(crate) type TimerSlot = Option<Timer>;

pub(crate) fn validate(config: &PipelineConfig) -> Result<(), ConfigError> {
    policy(config)?.validate()?;
    build_timeout(config).map(drop)
}

pub(crate) fn build_retry(config: &PipelineConfig) -> Result<RetrySlot, ConfigError> {
    Retry::new(policy(config)?)
}

pub(crate) fn build_fallback() -> FallbackSlot {
    Fallback::new()
}

pub(crate) fn build_timeout(config: &PipelineConfig) -> Result<TimeoutSlot, ConfigError> {
    optional(config.attempt_timeout.as_ref(), "attempt_timeout")?
        .map(Timeout::new)
        .transpose()
}

/// Returns `true` if attempts have a limited time.
pub(crate) fn is_limited(timeout: &TimeoutSlot) -> bool {
    timeout.is_some()
}

/// Starts the time of an attempt.
#[inline]
pub(crate) fn start(timeout: &TimeoutSlot, clock: &dyn Clock) -> TimerSlot {
    timeout.as_ref().map(|timeout| timeout.start(clock))
}

/// Polls the end of the time.
#[inline]
pub(crate) fn poll(
    timer: &mut TimerSlot,
    clock: &dyn Clock,
    task: &mut task::Context<'_>,
) -> Poll<()> {
    match timer {
        None => Poll::Pending,
        Some(timer) => timer.poll(clock, task),
    }
}

/// Why an attempt ended whose time was over.
pub(crate) fn timed_out(timeout: &TimeoutSlot) -> Rejected {
    let limit = timeout.as_ref().map(Timeout::limit).unwrap_or_default();
    RejectedKind::AttemptTimeout { limit }.into()
}

fn policy(config: &PipelineConfig) -> Result<RetryPolicy, ConfigError> {
    let backoff = Exponential::default()
        .with_min_delay(config.min_delay.resolve("min_delay")?)
        .with_max_delay(config.max_delay.resolve("max_delay")?)
        .with_factor(config.backoff_factor)
        .with_jitter(config.jitter);
    Ok(RetryPolicy::default()
        .with_retries(config.retries)
        .with_backoff(backoff)
        .with_max_elapsed(optional(config.max_elapsed.as_ref(), "max_elapsed")?))
}
