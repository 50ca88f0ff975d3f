use std::sync::Arc;
use std::time::Duration;

use opero_core::{Clock, ConfigError, Location, SystemClock, Waiting};

use crate::executor::{self, Executor};

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
    /// The executor's name. `None`: `thread` for a synchronous function, `async` for an async one.
    pub mode: Option<Location>,
    /// How many items run at once, 1 to [`MapConfig::MAX_WORKERS`]. `None`: the executor's default, which is the number
    /// of cores for `thread` and 64 for `async`.
    pub workers: Option<usize>,
    /// Results in the order of the input, or as they are completed.
    pub ordered: bool,
    /// Draw a progress bar, on a terminal.
    pub progress: bool,
    /// The longest that one item may take, retries and waiting included. Only for async functions: nothing can stop a
    /// thread.
    pub item_timeout: Option<Duration>,
    /// What an item's error means for the rest.
    pub on_error: OnError,
    /// What measures latency and `item_timeout`.
    pub clock: Arc<dyn Clock>,
}

/// What an item's error or panic means for the rest of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnError {
    /// The others go on; each item has its own result.
    #[default]
    Collect,
    /// No further item is started. Those in flight end, and the results are those of the items that ran.
    Stop,
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
            clock: Arc::new(SystemClock),
        }
    }
}

impl MapConfig {
    /// The largest number of workers: above it a number is a slip, and would cost memory before the first item.
    pub const MAX_WORKERS: usize = 65_536;

    /// The executor and the number of workers for a job that waits like this, if everything fits together.
    pub(crate) fn plan(&self, waiting: Waiting) -> Result<(Arc<dyn Executor>, usize), ConfigError> {
        let default = Location::new(match waiting {
            Waiting::Blocking => "thread",
            Waiting::Async => "async",
        });
        let mode = self.mode.as_ref().unwrap_or(&default);
        let executor = executor::open(mode)?;
        if executor.waiting() != waiting {
            return Err(wrong_kind(mode, waiting, &default));
        }
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
        Ok((executor, workers))
    }

    fn check_item_timeout(&self, waiting: Waiting) -> Result<(), ConfigError> {
        let (problem, way_out) = match (self.item_timeout, waiting) {
            (None, _) => return Ok(()),
            (Some(_), Waiting::Blocking) => (
                "is set for a synchronous function, and nothing can stop a thread",
                "leave it out, or make the function async",
            ),
            (Some(Duration::ZERO), Waiting::Async) => (
                "is zero, so no item could ever succeed",
                "give a longer time, or leave it out for no limit",
            ),
            (Some(_), Waiting::Async) => return Ok(()),
        };
        Err(ConfigError::new("item_timeout", problem, way_out))
    }
}

fn wrong_kind(mode: &Location, waiting: Waiting, default: &Location) -> ConfigError {
    let function = match waiting {
        Waiting::Blocking => "a synchronous",
        Waiting::Async => "an async",
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
