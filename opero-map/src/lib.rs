#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(feature = "process", not(unix)))]
compile_error!(
    "the feature `process` (`map-process` of the crate `opero`) needs a Unix: workers get their channel as a socket"
);

mod calendar;
mod cancel;
mod config;
#[cfg(all(feature = "ctrl-c", unix))]
mod ctrl_c;
#[cfg(not(all(feature = "ctrl-c", unix)))]
mod ctrl_c {
    /// Stands for a run that Ctrl-C stops, which this build cannot have.
    pub(crate) type CtrlCGuard = std::convert::Infallible;

    pub(crate) fn poll_items<T>(_: bool, poll: impl FnOnce() -> T) -> T {
        poll()
    }
}
mod engine;
mod erased;
mod executor;
mod job;
mod on_error;
pub mod progress;
mod report;
mod results;
mod resume;
mod run;
mod source;

pub use cancel::Cancel;
pub use config::MapConfig;
pub use engine::ResultOf;
pub use executor::{Executor, ExecutorRegistration, WorkerLoop};
#[doc(hidden)]
pub use executor::{PoolClient, PoolRequest, WorkerPool};
pub use job::{Job, RemoteFunction};
pub use on_error::{OnError, Share};
pub use report::timeline::{Phase, Span, Timeline, WorkerChange};
pub use report::{Latency, LatencyBar, Report};
pub use results::{Iter, Results};
pub use resume::RecordCodec;
#[cfg(all(feature = "journal", unix))]
pub use resume::journal;
#[cfg(feature = "journal")]
pub use resume::{BySerde, Never, ResumableError, ResumableJob};
pub use run::closures::{AsyncJob, SyncJob, map, map_async};
pub use run::{Run, WithReport};
pub use source::{
    BlockingSource, FromBlocking, FromStream, IntoSource, IterSource, Source, from_blocking,
    from_stream,
};

#[cfg(feature = "process")]
pub use executor::process::{self, map_worker};

#[cfg(feature = "process")]
#[doc(hidden)]
pub use opero_core::inventory as __inventory;

// What a user of this crate alone needs of the core, so that one dependency is enough.
pub use opero_core::{
    Attempt, Backend, BackendUri, Cause, Clock, ConfigError, Context, Error, ErrorKind, Event,
    ManualClock, Observer, Operation, Rejected, RejectedKind, Stack, Stage, WaitMode, operation,
};
