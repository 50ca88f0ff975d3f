//! The cache, absent: its slot passes calls through.

use std::marker::PhantomData;
use std::task;

use opero_core::{Attempt, Call, ConfigError, Context, Entry, Key, Next};

use crate::config::PipelineConfig;

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

pub(crate) type JoinedSlot<'s> = PhantomData<&'s ()>;
#[derive(Debug)]
pub(crate) struct MarkSlot;

/// How following ended: no call follows.
#[expect(dead_code, reason = "its variants are those of a cache")]
pub(crate) enum Followed {
    Done,
    Alone,
    Again,
}

pub(crate) fn has_records((): &CacheSlot) -> bool {
    false
}

pub(crate) fn takes_keys((): &CacheSlot) -> bool {
    false
}

pub(crate) fn join<'s>((): &'s CacheSlot, _: &Context<'_>, _: Key) -> Option<JoinedSlot<'s>> {
    Some(PhantomData)
}

pub(crate) fn follows(_: &JoinedSlot<'_>) -> bool {
    false
}

pub(crate) fn mark(_: &JoinedSlot<'_>) -> MarkSlot {
    MarkSlot
}

pub(crate) fn pending(_: &JoinedSlot<'_>, _: &task::Context<'_>) {}

pub(crate) async fn follow(
    (): &CacheSlot,
    _: &Context<'_>,
    _: &mut JoinedSlot<'_>,
    _: &mut dyn Call,
) -> Option<Followed> {
    None
}

pub(crate) async fn pass_alone<N: Next>(
    (): &CacheSlot,
    cx: &Context<'_>,
    attempt: Attempt,
    _: Key,
    next: &mut N,
) {
    next.attempt(cx, attempt).await;
}

pub(crate) async fn pass_led<N: Next>(
    (): &CacheSlot,
    cx: &Context<'_>,
    attempt: Attempt,
    _: JoinedSlot<'_>,
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
