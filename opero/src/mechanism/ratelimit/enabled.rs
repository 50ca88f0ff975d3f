//! The rate limit, present.

use std::sync::Arc;
use std::time::Duration;

use opero_core::{BackendUri, Clock, ConfigError};
use opero_ratelimit::{Quota, RateLimit, RateLimitConfig};

use crate::config::PipelineConfig;
use crate::config::optional;
use crate::fast_path::Needs;

pub(crate) type RateLimitSlot = Option<RateLimit>;

pub(crate) fn validate(config: &PipelineConfig) -> Result<(), ConfigError> {
    quota(config)?;
    optional(config.rate_max_wait.as_ref(), "rate_max_wait").map(drop)
}

pub(crate) fn build(
    name: &str,
    config: &PipelineConfig,
    clock: &Arc<dyn Clock>,
) -> Result<RateLimitSlot, ConfigError> {
    let Some(quota) = quota(config)? else {
        return Ok(None);
    };
    let mut options = RateLimitConfig::new(quota)
        .with_clock(Arc::clone(clock))
        .with_namespace(&*config.cache_namespace)
        .with_function(name);
    if let Some(limit) = optional(config.rate_max_wait.as_ref(), "rate_max_wait")? {
        options = options.with_max_wait(limit);
    }
    RateLimit::open(&BackendUri::new(&*config.rate_backend), options).map(Some)
}

/// Takes the permits of an execution, if they are there at once.
#[inline]
pub(crate) fn admits(slot: &RateLimitSlot, needs: &Needs) -> bool {
    slot.as_ref().is_none_or(|limit| {
        !(needs.has_shared_key && limit.is_shared())
            && match needs.rate_key {
                // Not the same as the key itself: that would be copied in pieces.
                None => limit.admits(None, needs.cost),
                Some(key) => limit.admits(Some(key), needs.cost),
            }
    })
}

fn quota(config: &PipelineConfig) -> Result<Option<Quota>, ConfigError> {
    let Some(rate) = &config.rate_limit else {
        // A burst that is wrong at any rate is wrong without one, too.
        let fastest = Quota::each(Duration::from_nanos(1));
        return fastest.with_burst(config.rate_burst).map(|_| None);
    };
    Quota::each(rate.resolve("rate_limit")?)
        .with_burst(config.rate_burst)
        .map(Some)
}
