//! The functions that worker processes find by name.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use opero_core::{CodecError, ConfigError, WaitMode};

use crate::job::RemoteFunction;

/// A function that worker processes find by its name. The attribute `#[operomap]` registers one for
/// each function that may run in processes; [`worker!`](crate::worker) does so by hand.
#[derive(Clone, Copy)]
pub struct WorkerFunction {
    /// Its name, the same in every process of the program and no other function's.
    pub path: fn() -> String,
    /// How it runs.
    pub run: WorkerRun,
    /// What a worker runs once, before its first item.
    pub init: Option<fn()>,
}

/// How a function runs in a worker: from the bytes of its arguments to the bytes of its outcome.
#[derive(Debug, Clone, Copy)]
pub enum WorkerRun {
    /// Synchronous: it appends its outcome.
    Blocking(fn(&[u8], &mut Vec<u8>) -> Result<(), CodecError>),
    /// Async.
    Async(fn(Vec<u8>) -> AsyncOutcome),
}

/// The outcome of an async function in a worker.
pub type AsyncOutcome = Pin<Box<dyn Future<Output = Result<Vec<u8>, CodecError>> + Send>>;

opero_core::inventory::collect!(WorkerFunction);

impl WorkerFunction {
    /// Returns the function as a run asks for it.
    pub fn remote(&self) -> RemoteFunction {
        RemoteFunction {
            path: (self.path)(),
            waiting: match self.run {
                WorkerRun::Blocking(_) => WaitMode::Blocking,
                WorkerRun::Async(_) => WaitMode::Async,
            },
        }
    }

    /// Returns the function registered under `path`.
    ///
    /// # Errors
    /// Where there is none, or more than one.
    pub(crate) fn find(path: &str) -> Result<Self, ConfigError> {
        let registered = opero_core::inventory::iter::<Self>.into_iter();
        let mut found = registered.filter(|function| (function.path)() == path);
        match (found.next(), found.next()) {
            (Some(function), None) => Ok(*function),
            (Some(_), Some(_)) => Err(ConfigError::new(
                "mode",
                format!("runs in processes, and there are two functions with the path `{path}`"),
                "rename one of them",
            )),
            (None, _) => Err(ConfigError::new(
                "mode",
                format!("runs in processes, and no function is registered as `{path}`"),
                "decorate it with `#[operomap(mode = \"process\")]`, or register it with `worker!`",
            )),
        }
    }
}

impl fmt::Debug for WorkerFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerFunction")
            .field("path", &(self.path)())
            .finish_non_exhaustive()
    }
}
