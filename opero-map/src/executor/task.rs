use std::io;
use std::sync::Arc;
use std::thread;

use opero_core::{Backend, ConfigError, Waiting, threads};
use tokio::runtime::{Builder, Handle, Runtime};

use super::join::JoinedLoops;
use super::{Executor, ExecutorRegistration, Lane};

inventory::submit! {
    ExecutorRegistration { scheme: "async", open: |_| Ok(Arc::new(AsyncExecutor)) }
}

/// Drives all lanes in one task, as a `buffer_unordered` would: what the items await goes on at the same time, and
/// dropping the one future stops them all.
#[derive(Debug)]
struct AsyncExecutor;

impl Backend for AsyncExecutor {
    fn scheme(&self) -> &str {
        "async"
    }
}

impl Executor for AsyncExecutor {
    fn waiting(&self, function: Waiting) -> Option<Waiting> {
        (function == Waiting::Async).then_some(function)
    }

    fn default_workers(&self) -> usize {
        64
    }

    fn block(&self, lanes: Vec<Lane<'_>>) -> Result<(), ConfigError> {
        let runtime = runtime()?;
        // A thread that drives a runtime already cannot drive another one, and must not panic for it.
        if Handle::try_current().is_err() {
            drive(runtime, lanes);
            return Ok(());
        }
        thread::scope(|scope| {
            thread()
                .spawn_scoped(scope, || drive(runtime, lanes))
                .map_err(|error| unavailable(&error))
                // The lanes do not panic, so neither does the thread.
                .map(|thread| drop(thread.join()))
        })
    }

    fn spawn(&self, lanes: Vec<Lane<'static>>) -> Result<(), ConfigError> {
        let runtime = runtime()?;
        thread()
            .spawn(move || drive(runtime, lanes))
            .map(drop)
            .map_err(|error| unavailable(&error))
    }

    fn spawn_beside(&self, lanes: Vec<Lane<'static>>) -> Result<(), ConfigError> {
        let Ok(runtime) = Handle::try_current() else {
            return self.spawn(lanes);
        };
        runtime.spawn(JoinedLoops::new(lanes));
        Ok(())
    }
}

fn drive(runtime: Runtime, lanes: Vec<Lane<'_>>) {
    runtime.block_on(JoinedLoops::new(lanes));
    // What an item left behind in `spawn_blocking` must not hold up the results.
    runtime.shutdown_background();
}

/// A runtime for this run alone: a shared one would stand still whenever the thread that drives it blocks.
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
