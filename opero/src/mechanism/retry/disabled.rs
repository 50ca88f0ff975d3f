//! Retry, fallback and timeout, absent: their slots pass calls through. Without them a call is
//! attempted once, with its preferred value; a configuration that asks for a timeout is rejected.

use std::task::{self, Poll};

use opero_core::{Clock, ConfigError, Rejected, RejectedKind};

use crate::config::PipelineConfig;

pub(crate) type RetrySlot = ();
pub(crate) type FallbackSlot = ();
pub(crate) type TimeoutSlot = ();
pub(crate) type TimerSlot = ();

pub(crate) fn validate(config: &PipelineConfig) -> Result<(), ConfigError> {
    match config.attempt_timeout {
        None => Ok(()),
        Some(_) => Err(ConfigError::new(
            "attempt_timeout",
            "needs the retry mechanism, which is not compiled in",
            "enable the Cargo feature `retry`",
        )),
    }
}

pub(crate) fn build_retry(_: &PipelineConfig) -> Result<RetrySlot, ConfigError> {
    Ok(())
}

pub(crate) fn build_fallback() -> FallbackSlot {}

pub(crate) fn build_timeout(_: &PipelineConfig) -> Result<TimeoutSlot, ConfigError> {
    Ok(())
}

pub(crate) fn is_limited((): &TimeoutSlot) -> bool {
    false
}

pub(crate) fn start((): &TimeoutSlot, _: &dyn Clock) -> TimerSlot {}

pub(crate) fn poll((): &mut TimerSlot, _: &dyn Clock, _: &mut task::Context<'_>) -> Poll<()> {
    Poll::Pending
}

pub(crate) fn timed_out((): &TimeoutSlot) -> Rejected {
    RejectedKind::Stopped.into()
}
