//! The runtime of an `async fn main`.

use std::future::Future;

use tokio::runtime::Builder;

/// What an async `main` runs on.
#[derive(Debug, Clone, Copy)]
pub enum Runtime {
    /// Threads: so many, or one a core.
    MultiThread(Option<usize>),
    /// The main thread only.
    CurrentThread,
}

/// Runs an async `main` to its end.
pub fn run_main<R>(runtime: Runtime, main: impl Future<Output = R>) -> R {
    let mut builder = match runtime {
        Runtime::MultiThread(None) => Builder::new_multi_thread(),
        Runtime::MultiThread(Some(threads)) => {
            let mut builder = Builder::new_multi_thread();
            // None at all is rejected where it is a literal; of an expression this is what can be made.
            builder.worker_threads(threads.max(1));
            builder
        }
        Runtime::CurrentThread => Builder::new_current_thread(),
    };
    match builder.enable_all().build() {
        Ok(runtime) => runtime.block_on(main),
        Err(error) => {
            eprintln!("the tokio runtime of `main` could not be started: {error}");
            std::process::exit(1);
        }
    }
}
