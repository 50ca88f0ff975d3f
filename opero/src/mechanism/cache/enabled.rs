//! The cache, present.

use opero_cache::{Cache, CacheConfig, Refreshing};
use opero_core::{ConfigError, Context, Location, Operation};

use crate::PipelineConfig;
use crate::config::optional;

pub(crate) type CacheSlot = Option<Cache>;
pub(crate) type RefreshSlot<'a> = Option<Refreshing<'a>>;

pub(crate) fn validate(config: &PipelineConfig) -> Result<(), ConfigError> {
    cache_config("", config)?.validate()
}

pub(crate) fn build(path: &str, config: &PipelineConfig) -> Result<CacheSlot, ConfigError> {
    if !config.cache {
        return Ok(None);
    }
    let location = Location::new(&*config.cache_backend);
    Cache::open(&location, cache_config(path, config)?).map(Some)
}

#[inline(always)]
pub(crate) fn known<T, E, N>(slot: &CacheSlot, cx: &Context<'_>, operation: &N) -> Option<T>
where
    T: Clone + 'static,
    N: Operation<T, E>,
{
    slot.as_ref()?.known(cx, operation)
}

pub(crate) fn refreshing(cache: &CacheSlot) -> RefreshSlot<'_> {
    cache.as_ref().map(Cache::refreshing)
}

fn cache_config(path: &str, config: &PipelineConfig) -> Result<CacheConfig, ConfigError> {
    Ok(CacheConfig::default()
        .with_ttl(config.cache_ttl.resolve_expiry("cache_ttl")?)
        .with_stale(optional(config.cache_stale.as_ref(), "cache_stale")?)
        .with_refresh(optional(config.cache_refresh.as_ref(), "cache_refresh")?)
        .with_capacity(config.cache_capacity)
        .with_namespace(&config.cache_namespace)
        .with_function(path))
}
