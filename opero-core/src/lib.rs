#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backend;
pub mod backend_uri;
pub mod background;
mod call;
mod circuit_breaker;
pub mod clock;
mod codec;
pub mod config;
mod context;
mod counts;
pub mod driver;
mod entry;
mod error;
mod event;
mod history;
mod holds;
pub mod key;
mod key_bytes;
pub mod mechanism;
pub mod operation;
mod outcome;
pub mod parameters;
mod pulse;
mod query_params;
pub mod registry;
mod rejected;
mod rejected_into;
pub mod remote;
#[cfg(feature = "stable")]
pub mod stable;
mod stage;
pub mod sync;
mod thread_bound;
pub mod threads;
pub mod units;

pub use async_trait::async_trait;
pub use backend::{Backend, BackendError};
pub use backend_uri::BackendUri;
pub use call::{Arguments, AsyncCall, Attempt, Background, Call, SyncCall, Unkeyed};
pub use circuit_breaker::CircuitBreaker;
pub use clock::{Clock, Instant, ManualClock, SystemClock};
pub use codec::{Codec, CodecError};
pub use config::ConfigError;
pub use context::{Context, Limits, WaitMode};
pub use counts::EventCounts;
pub use driver::block_on;
pub use entry::Entry;
pub use error::{Cause, Error, ErrorKind};
pub use event::{Event, Observer, ThreadObserver, notify, observe};
pub use history::{FailedAttempt, History};
pub use holds::Holds;
pub use key::{Key, KeyHasher};
pub use key_bytes::KeyBytes;
pub use mechanism::{Mechanism, Next};
pub use operation::{FnOperation, Operation, operation};
pub use outcome::{CallPolicy, DefaultPolicy, Keeping, LocalOutcome, Outcome, SharedError, Slot};
pub use pulse::{Probe, Pulse};
pub use query_params::QueryParams;
pub use registry::register;
pub use rejected::{Rejected, RejectedKind};
pub use remote::{AttemptLimit, Executed, Executing, Remote};
pub use stage::{Stack, Stage, Then};
pub use thread_bound::{LocalCall, ThreadBound};

#[doc(hidden)]
pub use inventory;
