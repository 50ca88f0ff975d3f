#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backend;
mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "bytes")]
pub mod envelope;
mod flight;
mod handle;
mod keep;
mod keyed;
mod layer;
mod lead;
mod look;
mod namespace;
mod patience;
#[cfg(feature = "bytes")]
mod records;
mod refresh;
mod stage;
mod stats;
mod sync;
#[cfg(feature = "bytes")]
mod turn;

#[cfg(feature = "bytes")]
pub use backend::{ByteStore, Claim, Lease, Spot};
pub use backend::{CacheBackend, CacheOptions, CacheRegistration, Entry, Peek};
pub use config::CacheConfig;
pub use flight::Leading;
pub use handle::Refreshing;
pub use lead::{Follow, Followed, Joined, Lead};
pub use namespace::clear_namespace;
pub use stage::Cache;
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
