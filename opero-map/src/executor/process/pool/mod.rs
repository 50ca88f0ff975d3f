//! The worker processes of one run, on their parent's side.
//!
//! Worker loops submit calls to a [`call_queue`] and wait for the replies ([`process_pool`]). One
//! thread, the [`supervisor`], owns the workers: it spawns processes, dispatches calls, receives
//! replies, enforces timeouts, reaps exited workers and restarts them. So only the queue needs a
//! lock.

mod arguments;
mod call;
mod call_depth;
mod call_queue;
pub(super) mod config;
mod limit;
mod outgoing;
mod pending_call;
pub(super) mod process_pool;
mod replies;
mod spawn;
mod supervisor;
mod wakeup;
mod worker_handle;
