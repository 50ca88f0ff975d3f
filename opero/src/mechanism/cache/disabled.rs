//! The cache, absent: its slot passes calls through.

use std::marker::PhantomData;

use opero_core::{Attempt, ConfigError, Context, Entry, Key, Next};

use crate::PipelineConfig;

pub(crate) type CacheSlot = ();
pub(crate) type RefreshSlot<'a> = ();

pub(crate) fn validate(_: &PipelineConfig) -> Result<(), ConfigError> {
    Ok(())
}

pub(crate) fn build(_: &str, _: &PipelineConfig) -> Result<CacheSlot, ConfigError> {
    Ok(())
}

pub(crate) fn hit((): &CacheSlot, _: &Context<'_>, _: Key) -> Option<Entry> {
    None
}

pub(crate) type LeadSlot<'s> = PhantomData<&'s ()>;
pub(crate) type MarkSlot = ();

pub(crate) fn lead<'s>((): &'s CacheSlot, _: &Context<'_>, _: Key) -> Option<LeadSlot<'s>> {
    Some(PhantomData)
}

pub(crate) fn mark(_: &LeadSlot<'_>) -> MarkSlot {}

pub(crate) async fn pass_led<N: Next>(
    (): &CacheSlot,
    cx: &Context<'_>,
    attempt: Attempt,
    _: LeadSlot<'_>,
    next: &mut N,
) {
    next.attempt(cx, attempt).await;
}

pub(crate) async fn pass<N: Next>(
    (): &CacheSlot,
    cx: &Context<'_>,
    attempt: Attempt,
    _: Option<Key>,
    next: &mut N,
) {
    next.attempt(cx, attempt).await;
}

pub(crate) fn refreshing((): &CacheSlot) -> RefreshSlot<'_> {}
