//! The cache, absent: its slot passes calls through.

use opero_core::{ConfigError, Context, Operation};

use crate::PipelineConfig;

pub(crate) type CacheSlot = ();
pub(crate) type RefreshSlot<'a> = ();

pub(crate) fn validate(_: &PipelineConfig) -> Result<(), ConfigError> {
    Ok(())
}

pub(crate) fn build(_: &str, _: &PipelineConfig) -> Result<CacheSlot, ConfigError> {
    Ok(())
}

pub(crate) fn known<T, E, N: Operation<T, E>>((): &CacheSlot, _: &Context<'_>, _: &N) -> Option<T> {
    None
}

pub(crate) fn refreshing((): &CacheSlot) -> RefreshSlot<'_> {}
