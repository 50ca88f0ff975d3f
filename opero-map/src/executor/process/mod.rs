//! The executors `process` and `async_process`: a crash of the function ends a worker process, and
//! fails one attempt of one item.

mod child;
mod executor;
mod function;
mod init;
mod ipc;
mod job;
mod pool;

pub use function::{AsyncOutcome, WorkerFunction, WorkerRun};
pub use init::{TestEntry, init};
pub use job::{Worker, map_worker};
