//! Worker processes: a function is executed in a process that may die, and costs one attempt of one item if it does.

mod buffers;
mod entry;
mod executor;
mod function;
mod job;
mod page;
mod pool;
mod wire;
mod worker;

pub use entry::{TestEntry, init};
pub use function::{AsyncOutcome, WorkerFunction, WorkerRun};
pub use job::{Worker, map_worker};
