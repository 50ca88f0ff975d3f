#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backend;
pub mod background;
mod call;
pub mod clock;
mod codec;
pub mod config;
mod context;
mod cool_down;
mod counts;
pub mod driver;
mod entry;
mod error;
mod event;
mod history;
mod holds;
pub mod key;
mod key_bytes;
pub mod location;
pub mod mechanism;
pub mod operation;
mod outcome;
mod pulse;
pub mod registry;
mod rejected;
mod rejected_into;
pub mod remote;
mod settings;
#[cfg(feature = "stable")]
pub mod stable;
mod stage;
pub mod sync;
mod thread_bound;
pub mod threads;
pub mod units;

pub use async_trait::async_trait;
pub use backend::{Backend, BackendError};
pub use call::{Arguments, AsyncCall, Attempt, Background, Call, SyncCall, Unkeyed};
pub use clock::{Clock, Instant, ManualClock, SystemClock};
pub use codec::{Codec, CodecError};
pub use config::ConfigError;
pub use context::{Context, Limits, Waiting};
pub use cool_down::CoolDown;
pub use counts::EventCounts;
pub use driver::block_on;
pub use entry::Entry;
pub use error::{Cause, Error, ErrorKind};
pub use event::{Event, Observer, ThreadObserver, notify, observe};
pub use history::{FailedAttempt, History};
pub use holds::Holds;
pub use key::{Key, KeyHasher};
pub use key_bytes::KeyBytes;
pub use location::Location;
pub use mechanism::{Mechanism, Next};
pub use operation::{FnOperation, Operation, operation};
pub use outcome::{CallPolicy, DefaultPolicy, Keeping, LocalOutcome, Outcome, SharedError, Slot};
pub use pulse::{Probe, Pulse};
pub use registry::register;
pub use rejected::{Rejected, RejectedKind};
pub use remote::{AttemptLimit, Executed, Executing, Remote};
pub use settings::Settings;
pub use stage::{Stack, Stage, Then};
pub use thread_bound::{LocalCall, ThreadBound};

#[doc(hidden)]
pub use inventory;
