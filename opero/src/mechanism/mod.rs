//! The mechanisms, each switched on or off as a whole file by its Cargo feature.

#[cfg_attr(feature = "cache", path = "cache/enabled.rs")]
#[cfg_attr(not(feature = "cache"), path = "cache/disabled.rs")]
pub(crate) mod cache;

#[cfg_attr(feature = "retry", path = "retry/enabled.rs")]
#[cfg_attr(not(feature = "retry"), path = "retry/disabled.rs")]
pub(crate) mod retry;

#[cfg_attr(feature = "ratelimit", path = "ratelimit/enabled.rs")]
#[cfg_attr(not(feature = "ratelimit"), path = "ratelimit/disabled.rs")]
pub(crate) mod ratelimit;
