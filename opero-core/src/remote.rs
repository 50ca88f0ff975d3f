//! The bare function, executed elsewhere than where its stages run.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::{CodecError, Context, Event, EventCounts, Rejected, RejectedKind};

/// Executes a function in another process.
///
/// Stages stay where the call is; only the innermost step, the function itself, goes through this. A call carries its
/// arguments as bytes and comes back as the bytes of its outcome; the caller that put
/// this into the [`Context`] knows the function.
pub trait Remote: Send + Sync {
    /// Executes the function once. Dropping the future cancels the execution, and kills a process that cannot be stopped otherwise.
    fn execute(&self, arguments: Vec<u8>, limit: Option<AttemptLimit>) -> Executing<'_>;

    /// An empty buffer for the next call's arguments. It may be one that was used before.
    fn buffer(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Takes back a buffer that is not needed any more, such as that of an outcome which has been read.
    fn reuse(&self, buffer: Vec<u8>) {
        drop(buffer);
    }
}

/// One execution elsewhere. It rejects where no worker could take it.
pub type Executing<'a> = Pin<Box<dyn Future<Output = Result<Executed, Rejected>> + Send + 'a>>;

/// How long one attempt may run, and what it comes to when it runs longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimit(pub Duration);

/// What came of an execution elsewhere.
#[derive(Debug)]
pub struct Executed {
    /// The bytes of the outcome; or why there are none: the process that ran it is gone, it took too long, it panicked.
    pub outcome: Result<Vec<u8>, Rejected>,
    /// Which worker it was, from 0.
    pub worker: usize,
    /// How long the call waited for a worker.
    pub waited: Duration,
    /// How long it was with the worker.
    pub elapsed: Duration,
    /// What decorated functions did within it there, where that is counted and there was anything.
    pub counts: Option<Box<EventCounts>>,
}

/// Has `remote` execute the function once, on arguments that have become bytes, or have not. Returns the bytes of the
/// outcome.
///
/// # Errors
/// The rejection of the remote; or [`RejectedKind::Transfer`], where the arguments do not pass.
pub async fn execute(
    cx: &Context<'_>,
    remote: &dyn Remote,
    arguments: Result<Vec<u8>, CodecError>,
) -> Result<Vec<u8>, Rejected> {
    let arguments = arguments.map_err(|error| transfer(&error))?;
    let executed = remote.execute(arguments, cx.attempt_limit()).await?;
    cx.emit(Event::ExecutedBy {
        worker: executed.worker,
        waited: executed.waited,
        elapsed: executed.elapsed,
    });
    if let Some(counts) = executed.counts {
        // As what happens within an item in this process: the call's own observer is told of the call alone.
        let within = Context::new(cx.clock(), cx.wait_mode()).with_function(cx.function());
        within.emit(Event::CountedByWorker { counts: &counts });
    }
    executed.outcome
}

/// The rejection of a call whose arguments or outcome did not pass.
pub fn transfer(error: &CodecError) -> Rejected {
    let reason = error.to_string();
    RejectedKind::Transfer { reason }.into()
}
