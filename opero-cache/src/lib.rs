#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backend;
mod cache;
mod closure;
mod compute;
mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "bytes")]
pub mod envelope;
mod fast_path;
mod flight;
mod freshness;
mod keys;
#[cfg(feature = "bytes")]
mod lease;
mod lookup;
mod namespace;
#[cfg(feature = "bytes")]
mod record;
mod refresh;
mod registration;
mod stage;
mod stats;
mod store;
mod sync;
mod tier;
mod tiers;
mod timeout;

#[cfg(feature = "bytes")]
pub use backend::{ByteStore, Claim, Lease, Spot};
pub use backend::{CacheBackend, Entry, Peek};
pub use cache::Cache;
pub use compute::Followed;
pub use config::{CacheConfig, CacheOptions};
pub use fast_path::{Follow, Joined, Lead};
pub use flight::Leading;
pub use namespace::clear_namespace;
#[cfg(feature = "bytes")]
pub use registration::OpenStore;
pub use registration::{CacheRegistration, OpenCache};
pub use stage::Refreshing;
pub use stats::CacheStats;

// What a user of this crate alone needs of the core, so that one dependency is enough.
pub use opero_core::{
    Arguments, Attempt, Backend, BackendError, BackendUri, CallPolicy, ConfigError, Context, Error,
    ErrorKind, Event, Key, ManualClock, Mechanism, Observer, Operation, Rejected, Stack, Stage,
    WaitMode, async_trait, operation,
};

#[doc(hidden)]
pub mod __private {
    pub use opero_core::inventory;
}
