#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backend;
mod config;
mod flight;
mod handle;
mod namespace;
mod patience;
mod stage;
mod stats;
mod sync;

pub use backend::{CacheBackend, CacheOptions, CacheRegistration, Entry, Peek};
pub use config::CacheConfig;
pub use handle::Refreshing;
pub use namespace::clear_namespace;
pub use stage::Cache;
pub use stats::CacheStats;

#[doc(hidden)]
pub mod __private {
    pub use opero_core::inventory;
}
