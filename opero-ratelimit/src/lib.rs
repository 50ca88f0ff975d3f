#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backend;
#[cfg(feature = "conformance")]
pub mod conformance;
mod limit;
mod permit;
mod policy;
mod queue;
mod quota;
mod registration;
mod shared;
mod stage;
mod sync;

#[cfg(feature = "local")]
pub use backend::LocalLimiter;
#[cfg(feature = "redis")]
pub use backend::RedisLimiter;
pub use backend::{LimiterBackend, Verdict};
pub use limit::{RateLimit, RateLimitConfig};
pub use permit::KeyedLimit;
pub use quota::Quota;
pub use registration::{LimiterOptions, LimiterRegistration, OpenLimiter};

// What a user of this crate alone needs of the core, so that one dependency is enough.
pub use opero_core::{
    Arguments, Attempt, Backend, BackendError, BackendUri, Clock, ConfigError, Context, Error,
    ErrorKind, Event, Key, ManualClock, Mechanism, Observer, Operation, Rejected, RejectedKind,
    Stack, Stage, WaitMode, async_trait, operation,
};

#[doc(hidden)]
pub use opero_core::inventory;
