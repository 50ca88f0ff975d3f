//! The rate limit, absent: its slot passes calls through, and a configuration that asks for a rate
//! is rejected.

use std::sync::Arc;

use opero_core::{Clock, ConfigError};

use crate::config::PipelineConfig;
use crate::fast_path::Needs;

pub(crate) type RateLimitSlot = ();

pub(crate) fn validate(config: &PipelineConfig) -> Result<(), ConfigError> {
    match config.rate_limit {
        None => Ok(()),
        Some(_) => Err(ConfigError::new(
            "rate_limit",
            "needs the rate limit, which is not compiled in",
            "enable the Cargo feature `ratelimit`",
        )),
    }
}

pub(crate) fn build(
    _: &str,
    _: &PipelineConfig,
    _: &Arc<dyn Clock>,
) -> Result<RateLimitSlot, ConfigError> {
    Ok(())
}

pub(crate) fn admits((): &RateLimitSlot, _: &Needs) -> bool {
    true
}
