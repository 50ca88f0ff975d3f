//! The cache, present.

use std::task;

pub(crate) use opero_cache::Followed;
use opero_cache::{Cache, CacheConfig, Joined, Leading, Refreshing};
use opero_core::{Attempt, BackendUri, Call, ConfigError, Context, Entry, Key, Next};

use crate::config::PipelineConfig;
use crate::config::optional;

pub(crate) type CacheSlot = Option<Cache>;
pub(crate) type RefreshSlot<'a> = Option<Refreshing<'a>>;

pub(crate) fn validate(config: &PipelineConfig) -> Result<(), ConfigError> {
    cache_config("", config)?.validate()
}

pub(crate) fn build(name: &str, config: &PipelineConfig) -> Result<CacheSlot, ConfigError> {
    if !config.cache {
        return Ok(None);
    }
    let location = BackendUri::new(&*config.cache_backend);
    Cache::open(&location, cache_config(name, config)?).map(Some)
}

/// The entry of a fresh result in memory.
#[inline]
pub(crate) fn hit(slot: &CacheSlot, cx: &Context<'_>, key: Key) -> Option<Entry> {
    slot.as_ref()?.hit(cx, key)
}

/// Returns `true` if a call is found under another key than that of this process.
#[inline]
pub(crate) fn has_records(slot: &CacheSlot) -> bool {
    slot.as_ref().is_some_and(Cache::has_records)
}

/// Returns `true` if a call is found under its key of this process.
#[inline]
pub(crate) fn takes_keys(slot: &CacheSlot) -> bool {
    slot.as_ref().is_some_and(|cache| !cache.has_records())
}

/// What a call does that was missed; nothing where there is no cache.
pub(crate) type JoinedSlot<'s> = Option<Joined<'s>>;

/// The mark of an execution under a lead.
pub(crate) type MarkSlot = Option<Leading>;

/// Joins the flight of a call. `None`: it has to pass the cache.
#[inline]
pub(crate) fn join<'s>(slot: &'s CacheSlot, cx: &Context<'_>, key: Key) -> Option<JoinedSlot<'s>> {
    match slot {
        None => Some(None),
        Some(cache) => cache.join_missed(cx, key).map(Some),
    }
}

/// Returns `true` if the call waits for another one.
pub(crate) fn follows(joined: &JoinedSlot<'_>) -> bool {
    matches!(joined, Some(Joined::Follow(_)))
}

#[inline]
pub(crate) fn mark(joined: &JoinedSlot<'_>) -> MarkSlot {
    match joined {
        Some(Joined::Lead(lead)) => Some(lead.mark()),
        _ => None,
    }
}

/// Says that an execution under a lead waits for a wake-up of `task`.
pub(crate) fn pending(joined: &JoinedSlot<'_>, task: &task::Context<'_>) {
    if let Some(Joined::Lead(lead)) = joined {
        lead.pending(task);
    }
}

/// Waits for the call that executes, where this one follows it; then `joined` is empty.
pub(crate) async fn follow(
    slot: &CacheSlot,
    cx: &Context<'_>,
    joined: &mut JoinedSlot<'_>,
    call: &mut dyn Call,
) -> Option<Followed> {
    let (Some(cache), Some(Joined::Follow(follow))) = (slot.as_ref(), joined.as_mut()) else {
        return None;
    };
    let followed = cache.follow(cx, follow, call.outcome()).await;
    *joined = None;
    Some(followed)
}

/// Passes a call that followed in vain.
pub(crate) async fn pass_alone<N: Next>(
    slot: &CacheSlot,
    cx: &Context<'_>,
    attempt: Attempt,
    key: Key,
    next: &mut N,
) {
    match slot {
        None => next.attempt(cx, attempt).await,
        Some(cache) => cache.pass_alone(cx, attempt, key, next).await,
    }
}

/// Passes a call whose first attempt has ended, under its lead.
pub(crate) async fn pass_led<N: Next>(
    slot: &CacheSlot,
    cx: &Context<'_>,
    attempt: Attempt,
    joined: JoinedSlot<'_>,
    next: &mut N,
) {
    match (slot, joined) {
        (Some(cache), Some(Joined::Lead(lead))) => cache.pass_led(cx, attempt, lead, next).await,
        _ => next.attempt(cx, attempt).await,
    }
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

fn cache_config(name: &str, config: &PipelineConfig) -> Result<CacheConfig, ConfigError> {
    Ok(CacheConfig::default()
        .with_ttl(config.cache_ttl.resolve_expiry("cache_ttl")?)
        .with_stale(optional(config.cache_stale.as_ref(), "cache_stale")?)
        .with_refresh(optional(config.cache_refresh.as_ref(), "cache_refresh")?)
        .with_capacity(config.cache_capacity)
        .with_namespace(&config.cache_namespace)
        .with_function(name))
}
