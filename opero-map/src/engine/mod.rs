//! The engine of a run: worker loops take items from a source queue, run the job, and put the
//! results into a sink.

mod batch_sizer;
mod channel;
mod collect;
mod failures;
pub(crate) mod item;
mod item_tracer;
mod loop_results;
mod nested;
mod session;
pub(crate) mod sink;
mod source_queue;
mod stop_signal;
mod wakers;

pub(crate) use channel::Channel;
pub(crate) use collect::Collect;
pub(crate) use item_tracer::ItemTrace;
pub(crate) use loop_results::stopped;
pub use session::ResultOf;
pub(crate) use session::{LoopSetup, Session};
pub(crate) use stop_signal::{StopLevel, StopSignal};
