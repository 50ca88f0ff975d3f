//! The cache, absent: its slot passes calls through.

use opero_core::ConfigError;

use crate::PipelineConfig;

pub(crate) type CacheSlot = ();
pub(crate) type RefreshSlot<'a> = ();

pub(crate) fn validate(_: &PipelineConfig) -> Result<(), ConfigError> {
    Ok(())
}

pub(crate) fn build(_: &str, _: &PipelineConfig) -> Result<CacheSlot, ConfigError> {
    Ok(())
}

pub(crate) fn refreshing((): &CacheSlot) -> RefreshSlot<'_> {}
