//! Executors drive the worker loops of a run. They are registered by name, which is the parameter
//! `mode`.
//!
//! A worker loop is a future that takes an item, runs it, hands on the result and takes the next.
//! An executor drives whole loops, so its dynamic dispatch and its spawning cost once a loop and
//! never an item.

pub(crate) mod join;
mod pool;
#[cfg(feature = "process")]
pub mod process;
#[cfg(feature = "async")]
mod task;
#[cfg(feature = "thread")]
mod thread;

pub use pool::{PoolClient, PoolRequest, WorkerPool};

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread::available_parallelism;

use opero_core::registry::{self, Registration};
use opero_core::{Backend, BackendUri, ConfigError, WaitMode};

/// A worker loop. It ends when there are no more items for it, and never panics.
pub type WorkerLoop<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Drives worker loops concurrently, each in one place from beginning to end.
pub trait Executor: Backend {
    /// Returns how its worker loops wait when they run such a function; `None` if it cannot run it.
    fn waiting(&self, function: WaitMode) -> Option<WaitMode>;

    /// Returns the default number of worker loops.
    fn default_workers(&self) -> usize;

    /// Spawns workers that execute the bare function. `None`: the worker loops execute it
    /// themselves.
    ///
    /// # Errors
    /// Where the function cannot be executed elsewhere, or a parameter about workers is wrong.
    #[doc(hidden)]
    fn spawn_pool(
        &self,
        request: &PoolRequest<'_>,
    ) -> Result<Option<Arc<dyn WorkerPool>>, ConfigError> {
        let _ = request;
        Ok(None)
    }

    /// Returns `true` if Ctrl-C stops its runs by default.
    fn stops_on_ctrl_c(&self) -> bool {
        false
    }

    /// Drives the worker loops to their end, blocking this thread.
    ///
    /// # Errors
    /// Where the threads or the runtime cannot be had. Then no worker loop has been started.
    fn block(&self, worker_loops: Vec<WorkerLoop<'_>>) -> Result<(), ConfigError>;

    /// Drives the worker loops in the background and returns at once.
    ///
    /// # Errors
    /// Where the threads or the runtime cannot be had. Then no worker loop has been started.
    fn spawn(&self, worker_loops: Vec<WorkerLoop<'static>>) -> Result<(), ConfigError>;

    /// Drives the worker loops beside the task that calls this, in its runtime where that is
    /// possible, and returns at once.
    ///
    /// # Errors
    /// As [`spawn`](Executor::spawn).
    fn spawn_beside(&self, worker_loops: Vec<WorkerLoop<'static>>) -> Result<(), ConfigError> {
        self.spawn(worker_loops)
    }
}

/// How an executor is found: submit one with `inventory::submit!`, or [`opero_core::register`] it.
#[derive(Debug)]
pub struct ExecutorRegistration {
    /// The name that users give as `mode`.
    pub scheme: &'static str,
    /// Opens it.
    pub open: fn(&BackendUri) -> Result<Arc<dyn Executor>, ConfigError>,
}

inventory::collect!(ExecutorRegistration);

impl Registration for ExecutorRegistration {
    const PARAMETER: &'static str = "mode";
    const NOUN: &'static str = "mode";
    const FEATURES: &'static [(&'static str, &'static str)] = &[
        ("async", "map"),
        ("thread", "map"),
        ("process", "map-process"),
        ("async_process", "map-process"),
    ];

    fn scheme(&self) -> &'static str {
        self.scheme
    }

    fn registered() -> &'static Mutex<Vec<&'static Self>> {
        static REGISTERED: Mutex<Vec<&'static ExecutorRegistration>> = Mutex::new(Vec::new());
        &REGISTERED
    }
}

/// Opens the executor of that name.
///
/// # Errors
/// An unknown name, with those there are and the Cargo feature that adds a missing one.
pub(crate) fn open(mode: &BackendUri) -> Result<Arc<dyn Executor>, ConfigError> {
    let registration = registry::find::<ExecutorRegistration>(mode).map_err(|error| {
        let mut features = ExecutorRegistration::FEATURES.iter();
        let missing = features.find(|(scheme, _)| *scheme == mode.scheme());
        match missing {
            // The crate `opero` calls its features otherwise, and users of either one read this.
            Some((scheme, feature)) if !registered(scheme) => ConfigError::new(
                error.parameter(),
                error.problem(),
                format!(
                    "enable the Cargo feature `{feature}` of opero (`{}` of opero-map)",
                    own_feature(scheme)
                ),
            ),
            _ => error,
        }
    })?;
    (registration.open)(mode)
}

/// The feature of this crate that adds an executor.
fn own_feature(scheme: &str) -> &str {
    scheme.strip_prefix("async_").unwrap_or(scheme)
}

fn registered(scheme: &str) -> bool {
    registry::schemes::<ExecutorRegistration>().contains(&scheme)
}

/// Returns how many threads can run at once. Cached: the answer takes reading several files.
pub(crate) fn cores() -> usize {
    static CORES: LazyLock<usize> =
        LazyLock::new(|| available_parallelism().map_or(1, usize::from));
    *CORES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_mode_is_one_and_a_missing_one_names_its_feature_in_both_crates() {
        let error = |mode: &str| open(&mode.into()).err().map(|error| error.to_string());
        let unknown = error("fibre").unwrap();
        assert!(
            unknown.starts_with("`mode` names the unknown mode `fibre`: "),
            "{unknown}"
        );
        for (mode, feature) in ExecutorRegistration::FEATURES {
            match error(mode) {
                None => assert!(registered(mode)),
                Some(missing) => {
                    let own = own_feature(mode);
                    let words = format!("`{feature}` of opero (`{own}` of opero-map)");
                    assert!(!registered(mode) && missing.contains(&words), "{missing}");
                }
            }
        }
    }
}
