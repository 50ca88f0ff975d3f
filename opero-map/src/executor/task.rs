use std::io;
use std::sync::Arc;
use std::thread;

use opero_core::{Backend, ConfigError, WaitMode, threads};
use tokio::runtime::{Builder, Handle, Runtime};

use super::join::JoinedLoops;
use super::{Executor, ExecutorRegistration, WorkerLoop};

inventory::submit! {
    ExecutorRegistration { scheme: "async", open: |_| Ok(Arc::new(AsyncExecutor)) }
}

/// Drives all worker loops in one task, as a `buffer_unordered` would: what the items await goes on
/// at the same time, and dropping the one future stops them all.
#[derive(Debug)]
struct AsyncExecutor;

impl Backend for AsyncExecutor {
    fn scheme(&self) -> &str {
        "async"
    }
}

impl Executor for AsyncExecutor {
    fn waiting(&self, function: WaitMode) -> Option<WaitMode> {
        (function == WaitMode::Async).then_some(function)
    }

    fn default_workers(&self) -> usize {
        64
    }

    fn block(&self, worker_loops: Vec<WorkerLoop<'_>>) -> Result<(), ConfigError> {
        let runtime = runtime()?;
        // A thread that drives a runtime already cannot drive another one, and must not panic for
        // it.
        if Handle::try_current().is_err() {
            drive(runtime, worker_loops);
            return Ok(());
        }
        thread::scope(|scope| {
            thread()
                .spawn_scoped(scope, || drive(runtime, worker_loops))
                .map_err(|error| unavailable(&error))
                // The worker loops do not panic, so neither does the thread.
                .map(|thread| drop(thread.join()))
        })
    }

    fn spawn(&self, worker_loops: Vec<WorkerLoop<'static>>) -> Result<(), ConfigError> {
        let runtime = runtime()?;
        thread()
            .spawn(move || drive(runtime, worker_loops))
            .map(drop)
            .map_err(|error| unavailable(&error))
    }

    fn spawn_beside(&self, worker_loops: Vec<WorkerLoop<'static>>) -> Result<(), ConfigError> {
        let Ok(runtime) = Handle::try_current() else {
            return self.spawn(worker_loops);
        };
        runtime.spawn(JoinedLoops::new(worker_loops));
        Ok(())
    }
}

fn drive(runtime: Runtime, worker_loops: Vec<WorkerLoop<'_>>) {
    runtime.block_on(JoinedLoops::new(worker_loops));
    // What an item left behind in `spawn_blocking` must not hold up the results.
    runtime.shutdown_background();
}

/// A runtime for this run alone: a shared one would stand still whenever the thread that drives it
/// blocks.
fn runtime() -> Result<Runtime, ConfigError> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| unavailable(&error))
}

fn thread() -> thread::Builder {
    threads::builder("opero-map")
}

fn unavailable(error: &io::Error) -> ConfigError {
    ConfigError::new(
        "mode",
        format!("is `async`, and its runtime could not be started ({error})"),
        "await the run inside the program's own runtime",
    )
}
