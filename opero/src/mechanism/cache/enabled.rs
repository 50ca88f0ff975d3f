//! The cache, present.

use opero_cache::{Cache, CacheConfig, Refreshing};
use opero_core::{Attempt, ConfigError, Context, Entry, Key, Location, Next};

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

/// The entry of a fresh result in memory.
#[inline]
pub(crate) fn hit(slot: &CacheSlot, cx: &Context<'_>, key: Key) -> Option<Entry> {
    slot.as_ref()?.hit(cx, key)
}

/// Passes a call through the cache; `missed` is the key of one whose hit was looked for in vain.
pub(crate) async fn pass<N: Next>(
    slot: &CacheSlot,
    cx: &Context<'_>,
    attempt: Attempt,
    missed: Option<Key>,
    next: &mut N,
) {
    match slot {
        None => next.attempt(cx, attempt).await,
        Some(cache) => cache.pass_missed(cx, attempt, missed, next).await,
    }
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
