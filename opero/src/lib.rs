#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// The linker drops a crate that nothing mentions, and with it the backends it registers.
#[cfg(feature = "cache")]
use opero_cache as _;
#[cfg(feature = "map")]
use opero_map as _;
#[cfg(feature = "ratelimit")]
use opero_ratelimit as _;

mod clock;
mod config;
mod execution;
mod fast_path;
mod mechanism;
mod order;
pub mod pipeline;
mod rest;
mod route;
// Generated code names some of its items through `__private`, and nothing else does.
#[cfg_attr(not(feature = "macros"), allow(unreachable_pub))]
mod shell;
mod staged;
#[cfg(feature = "tracing")]
mod tracing;

#[cfg(feature = "macros")]
#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;

/// The cache mechanism: backends, statistics, clearing a namespace.
#[cfg(feature = "cache")]
pub use opero_cache as cache;
/// The vocabulary all mechanisms share. Under its own name: as `core` it would hide the language's from `use opero::*`.
pub use opero_core;
/// The map mechanism: runs, executors, reports.
#[cfg(feature = "map")]
pub use opero_map as map;
/// The rate limit mechanism: quotas and limiters.
#[cfg(feature = "ratelimit")]
pub use opero_ratelimit as ratelimit;
/// The retry mechanism: backoff, retry, fallback.
#[cfg(feature = "retry")]
pub use opero_retry as retry;

pub use clock::set_clock;
pub use config::{PipelineConfig, Rate, Time};
#[cfg(feature = "cache")]
pub use opero_core::background::drain;
pub use opero_core::{
    Arguments, Attempt, Backend, BackendError, CallPolicy, Cause, Clock, ConfigError, Context,
    Error, ErrorKind, Event, FailedAttempt, History, Key, ManualClock, Observer, Operation,
    Rejected, RejectedKind, Stack, Stage, async_trait, block_on, observe, operation,
};
pub use order::Stages;
#[doc(inline)]
pub use pipeline::{Pipeline, PipelineBuilder};

#[cfg(feature = "tracing")]
pub use self::tracing::TracingObserver;
#[cfg(feature = "macros")]
pub use __private::Alternatives;
#[cfg(all(feature = "macros", feature = "cache"))]
pub use __private::{BoundCall, BoundSyncCall, CacheHandle, CachedCall, CachedSyncCall};
#[cfg(feature = "macros")]
pub use opero_macros::{main, opero, operomap};
#[cfg(feature = "map-process")]
pub use opero_map::{process::init, worker_tests};
