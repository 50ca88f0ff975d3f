//! Worker processes: a function is executed in a process that may die, and costs one attempt of one item if it does.

mod buffers;
mod entry;
mod executor;
mod function;
mod job;
mod page;
mod pool;
mod socket;
mod wire;
mod worker;

use std::time::Duration;

pub use entry::{TestEntry, init};
pub use function::{AsyncOutcome, WorkerFunction, WorkerRun};
pub use job::{Worker, map_worker};

/// How long a worker that is not needed any more, and is at nothing, may take to leave: the time that its exit handlers have.
const LEAVE: Duration = Duration::from_millis(300);
