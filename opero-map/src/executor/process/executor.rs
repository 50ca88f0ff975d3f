//! The modes `process` and `async_process`.

use std::sync::Arc;
use std::thread;

use opero_core::{Backend, ConfigError, WaitMode, block_on, threads};
use tokio::runtime::Handle;

use super::init;
use super::pool::config::PoolConfig;
use super::pool::process_pool::ProcessPool;
use crate::executor::join::JoinedLoops;
use crate::executor::{Executor, ExecutorRegistration, PoolRequest, WorkerLoop, WorkerPool, cores};

opero_core::inventory::submit! {
    ExecutorRegistration { scheme: "process", open: |_| Ok(Arc::new(ProcessExecutor("process"))) }
}

opero_core::inventory::submit! {
    ExecutorRegistration { scheme: "async_process", open: |_| Ok(Arc::new(ProcessExecutor("async_process"))) }
}

/// Executes the function in worker processes. All worker loops run in one task: they only submit
/// calls and wait.
///
/// The two names are one mechanism; which of them is written says whether the function is thought
/// of as synchronous or async, and either runs both.
#[derive(Debug)]
struct ProcessExecutor(&'static str);

impl Backend for ProcessExecutor {
    fn scheme(&self) -> &str {
        self.0
    }
}

impl Executor for ProcessExecutor {
    /// Returns `Async` for every function: waiting for a process can be given up.
    fn waiting(&self, _: WaitMode) -> Option<WaitMode> {
        Some(WaitMode::Async)
    }

    fn default_workers(&self) -> usize {
        cores()
    }

    fn spawn_pool(
        &self,
        request: &PoolRequest<'_>,
    ) -> Result<Option<Arc<dyn WorkerPool>>, ConfigError> {
        let function = request.function.clone()?;
        if !init::is_ready() {
            return Err(ConfigError::new(
                "mode",
                format!(
                    "is `{}`, and this program has not said that it can be started as a worker",
                    self.0
                ),
                "call `opero::init()` first thing in `main`, or write `#[opero::main]`; in tests write \
                 `opero::worker_tests!();` once",
            ));
        }
        ProcessPool::spawn(PoolConfig::new(request, function)?).map(Some)
    }

    /// Returns `true`: otherwise Ctrl-C would end workers in the midst of their items.
    fn stops_on_ctrl_c(&self) -> bool {
        true
    }

    fn block(&self, worker_loops: Vec<WorkerLoop<'_>>) -> Result<(), ConfigError> {
        // Blocked, a runtime that this thread drives would not wake what waits for its timers.
        if Handle::try_current().is_err() {
            block_on(JoinedLoops::new(worker_loops));
            return Ok(());
        }
        thread::scope(|scope| {
            thread()
                .spawn_scoped(scope, || block_on(JoinedLoops::new(worker_loops)))
                .map_err(|error| unavailable(&error))
                // The worker loops do not panic, so neither does the thread.
                .map(|thread| drop(thread.join()))
        })
    }

    fn spawn(&self, worker_loops: Vec<WorkerLoop<'static>>) -> Result<(), ConfigError> {
        thread()
            .spawn(move || block_on(JoinedLoops::new(worker_loops)))
            .map(drop)
            .map_err(|error| unavailable(&error))
    }
}

fn thread() -> thread::Builder {
    threads::builder("opero-map")
}

fn unavailable(error: &std::io::Error) -> ConfigError {
    ConfigError::new(
        "mode",
        format!("runs in processes, and a thread to drive them could not be started ({error})"),
        "await the run inside the program's own runtime",
    )
}
