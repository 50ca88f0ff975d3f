use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use opero_core::{BackendUri, Clock, ConfigError, SystemClock, WaitMode};

use crate::cancel::Cancel;
use crate::executor::{self, Executor};
use crate::on_error::OnError;

/// How a map runs. The fields have the names and the defaults of the `operomap` parameters.
///
/// ```
/// use opero_map::{MapConfig, OnError};
///
/// let config = MapConfig { workers: Some(8), on_error: OnError::Stop, ..MapConfig::default() };
/// assert!(config.ordered);
/// ```
#[derive(Debug, Clone)]
pub struct MapConfig {
    /// The executor's name: `thread`, `async`, `process`, `async_process`, or another one that is
    /// registered. `None`: `thread` for a synchronous function, `async` for an async one.
    pub mode: Option<BackendUri>,
    /// How many items run at once, or in the process modes how many processes there are: 1 to
    /// [`MapConfig::MAX_WORKERS`]. `None`: the executor's default, which is 64 for `async` and the
    /// number of cores for the others.
    pub workers: Option<usize>,
    /// Results in the order of the input, or as they are completed.
    pub ordered: bool,
    /// Show how far the run is: a bar on a terminal; elsewhere, on standard error, a line every ten
    /// seconds (feature `progress`).
    pub progress: bool,
    /// The longest that one item may take, retries and waiting included. Not on threads, since
    /// nothing can stop one; a worker process whose item takes longer is killed.
    pub item_timeout: Option<Duration>,
    /// Sets what an item's error means for the rest of the run.
    pub on_error: OnError,
    /// Stops the run from outside.
    pub cancel: Option<Cancel>,
    /// Ctrl-C stops the run: the first one as [`Cancel::stop`], the second one as [`Cancel::now`];
    /// the third one ends the program. In the process modes SIGTERM stops it like the first Ctrl-C.
    /// `None`: in the process modes, unless the program was started to ignore Ctrl-C (feature
    /// `ctrl-c`).
    pub ctrl_c: Option<bool>,
    /// Keep a timeline in the report: what each worker loop and worker did when.
    pub timeline: bool,
    /// Where finished items are recorded, so that a run after a kill does only what is missing
    /// (feature `journal`).
    pub resume: Option<PathBuf>,
    /// Run items again whose record is a failure; otherwise the recorded error is their result.
    pub resume_failed: bool,
    /// What journals know the function by, in place of its path and the names of its types: with a
    /// name of its own it may be renamed and moved, and built by another compiler. It has to be the
    /// function's alone.
    pub resume_name: Option<String>,
    /// The version of the function, as its user counts: records of another one are rejected.
    pub resume_version: String,
    /// How many items a worker process of an async function has in flight. `None`: 16.
    pub worker_in_flight: Option<usize>,
    /// The most address space that a worker process may take, in bytes.
    pub worker_memory: Option<u64>,
    /// After so many items a worker process is replaced.
    pub worker_recycle_after: Option<u64>,
    /// Replaces a worker process whose resident memory exceeds this many bytes after an item.
    pub worker_recycle_above: Option<u64>,
    /// What measures latency and `item_timeout`.
    pub clock: Arc<dyn Clock>,
}

impl Default for MapConfig {
    fn default() -> Self {
        Self {
            mode: None,
            workers: None,
            ordered: true,
            progress: true,
            item_timeout: None,
            on_error: OnError::Collect,
            cancel: None,
            ctrl_c: None,
            timeline: false,
            resume: None,
            resume_failed: true,
            resume_name: None,
            resume_version: String::new(),
            worker_in_flight: None,
            worker_memory: None,
            worker_recycle_after: None,
            worker_recycle_above: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl MapConfig {
    /// The largest number of workers: above it a number is a slip, and would cost memory before the
    /// first item.
    pub const MAX_WORKERS: usize = 65_536;

    /// Returns how a run of such a function goes.
    ///
    /// # Errors
    /// The first parameter that is wrong.
    pub(crate) fn plan(&self, function: WaitMode) -> Result<Plan, ConfigError> {
        let default = BackendUri::new(match function {
            WaitMode::Blocking => "thread",
            WaitMode::Async => "async",
        });
        let mode = self.mode.as_ref().unwrap_or(&default);
        let executor = executor::open(mode)?;
        let Some(waiting) = executor.waiting(function) else {
            return Err(wrong_kind(mode, function, &default));
        };
        self.on_error.check()?;
        self.check_ctrl_c()?;
        self.check_item_timeout(waiting)?;
        let workers = self.workers.unwrap_or_else(|| executor.default_workers());
        if workers == 0 {
            return Err(ConfigError::new(
                "workers",
                "is 0, so no item could ever run",
                "give at least 1, or leave it out for the default",
            ));
        }
        if workers > Self::MAX_WORKERS {
            return Err(ConfigError::new(
                "workers",
                format!("is {workers}"),
                format!("give at most {}", Self::MAX_WORKERS),
            ));
        }
        Ok(Plan {
            executor,
            workers,
            waiting,
        })
    }

    fn check_ctrl_c(&self) -> Result<(), ConfigError> {
        if self.ctrl_c != Some(true) || cfg!(all(feature = "ctrl-c", unix)) {
            return Ok(());
        }
        Err(ConfigError::new(
            "ctrl_c",
            "is on, and this program is built without the feature `ctrl-c`",
            "switch it on (`map` of opero includes it), or leave the parameter out",
        ))
    }

    /// Checks the time limit. `waiting` is how the worker loops wait: those that block cannot be
    /// stopped.
    fn check_item_timeout(&self, waiting: WaitMode) -> Result<(), ConfigError> {
        let (problem, way_out) = match (self.item_timeout, waiting) {
            (None, _) => return Ok(()),
            (Some(_), WaitMode::Blocking) => (
                "is set for a synchronous function on threads, and nothing can stop a thread",
                "leave it out, make the function async, or run it in processes (`mode = \"process\"`)",
            ),
            (Some(Duration::ZERO), WaitMode::Async) => (
                "is zero, so no item could ever succeed",
                "give a longer time, or leave it out for no limit",
            ),
            (Some(_), WaitMode::Async) => return Ok(()),
        };
        Err(ConfigError::new("item_timeout", problem, way_out))
    }
}

/// The executor of a run and its worker loops.
pub(crate) struct Plan {
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) workers: usize,
    /// How its worker loops wait.
    pub(crate) waiting: WaitMode,
}

fn wrong_kind(mode: &BackendUri, waiting: WaitMode, default: &BackendUri) -> ConfigError {
    let function = match waiting {
        WaitMode::Blocking => "a synchronous",
        WaitMode::Async => "an async",
    };
    ConfigError::new(
        "mode",
        format!(
            "is `{}`, which cannot run {function} function",
            mode.scheme()
        ),
        format!("use `{default}`, or leave it out"),
    )
}
