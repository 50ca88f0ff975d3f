//! Retry, fallback and timeout, present.

use opero_core::ConfigError;
use opero_retry::{Exponential, Fallback, Retry, RetryPolicy, Timeout};

use crate::PipelineConfig;
use crate::config::optional;

/// Always there: without retries it decides so itself, which costs less than asking whether it is there.
pub(crate) type RetrySlot = Retry;
pub(crate) type FallbackSlot = Fallback;
pub(crate) type TimeoutSlot = Option<Timeout>;

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
