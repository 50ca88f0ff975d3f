//! Worker processes: a function is executed in a process that may die, and costs one attempt of one item if it does.

mod entry;
mod function;

pub use entry::{TestEntry, init};
pub use function::{AsyncOutcome, WorkerFunction, WorkerRun};
