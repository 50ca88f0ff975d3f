#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backoff;
mod fallback;
pub mod hooks;
mod policy;
mod stage;
mod timeout;

pub use backoff::{Backoff, Constant, DecorrelatedJitter, Delays, Exponential};
pub use fallback::Fallback;
pub use hooks::OperationExt;
pub use policy::{Decision, Failure, RetryPolicy};
pub use stage::Retry;
pub use timeout::{Timeout, Timer};

// What a user of this crate alone needs of the core, so that one dependency is enough.
pub use opero_core::{
    Arguments, Attempt, CallPolicy, Cause, ConfigError, Context, Error, ErrorKind, Event,
    FailedAttempt, History, ManualClock, Mechanism, Observer, Operation, Rejected, RejectedKind,
    Stack, Stage, WaitMode, operation,
};
