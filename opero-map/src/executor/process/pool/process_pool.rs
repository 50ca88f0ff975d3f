//! The pool's handle, and each worker loop's client of it.

use std::future::ready;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use opero_core::sync::lock;
use opero_core::{AttemptLimit, ConfigError, Executing, RejectedKind, Remote};

use super::call::CallScratch;
use super::call_queue::{CallQueue, PoolEnd};
use super::config::PoolConfig;
use super::limit::ItemTime;
use super::pending_call::PendingCall;
use super::supervisor::Supervisor;
use super::wakeup::Wakeup;
use crate::executor::pool::{PoolClient, WorkerPool};
use crate::executor::process::ipc::buffers::{Buffers, MIN_POOLED_BYTES};
use crate::executor::process::ipc::wire::MAX_PAYLOAD_BYTES;

/// The worker processes of one run, shut down when this is dropped.
pub(crate) struct ProcessPool {
    queue: Arc<CallQueue>,
    worker_loops: usize,
}

impl ProcessPool {
    /// Starts the supervisor of a run's workers. It spawns processes once there are calls.
    ///
    /// # Errors
    /// Where the supervisor's thread or channel cannot be had.
    pub(crate) fn spawn(config: PoolConfig) -> Result<Arc<dyn WorkerPool>, ConfigError> {
        let unavailable = |error: std::io::Error| {
            ConfigError::new(
                "mode",
                format!("runs in processes, and their supervisor could not be started ({error})"),
                "run fewer maps at a time",
            )
        };
        let worker_loops = config.worker_loops();
        let wakeup = Wakeup::new().map_err(unavailable)?;
        let queue = Arc::new(CallQueue::new(wakeup, config.workers, worker_loops));
        let supervisor = Supervisor::new(config, Arc::clone(&queue));
        thread::Builder::new()
            .name("opero-supervisor".into())
            .spawn(move || supervisor.run())
            .map_err(unavailable)?;
        Ok(Arc::new(Self {
            queue,
            worker_loops,
        }))
    }
}

impl WorkerPool for ProcessPool {
    fn worker_loops(&self) -> usize {
        self.worker_loops
    }

    fn client(&self, worker_loop: usize) -> Box<dyn PoolClient + '_> {
        Box::new(LoopClient {
            queue: &self.queue,
            worker_loop,
            reservation: AtomicBool::new(false),
            time: ItemTime::default(),
            spare: Mutex::default(),
        })
    }

    fn kill_all(&self) {
        self.queue.end(PoolEnd::Killed);
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        self.queue.end(PoolEnd::Finished);
    }
}

/// The client of one worker loop.
struct LoopClient<'c> {
    queue: &'c CallQueue,
    worker_loop: usize,
    /// `true` while the worker loop has an item for a worker that is not submitted yet.
    reservation: AtomicBool,
    time: ItemTime,
    spare: Mutex<CallScratch>,
}

impl Remote for LoopClient<'_> {
    fn execute(&self, arguments: Vec<u8>, limit: Option<AttemptLimit>) -> Executing<'_> {
        if arguments.len() > MAX_PAYLOAD_BYTES {
            let reason = format!(
                "the arguments have {} bytes, and {MAX_PAYLOAD_BYTES} can pass",
                arguments.len()
            );
            let rejected = RejectedKind::Transfer { reason };
            return Box::pin(ready(Err(rejected.into())));
        }
        Box::pin(PendingCall::submit(
            self.queue,
            arguments,
            limit,
            &self.time,
            &self.reservation,
            &self.spare,
        ))
    }

    fn buffer(&self) -> Vec<u8> {
        match self.queue.buffers.take() {
            large if large.capacity() > 0 => large,
            _ => std::mem::take(&mut lock(&self.spare).bytes),
        }
    }

    fn reuse(&self, mut buffer: Vec<u8>) {
        if Buffers::keeps(&buffer) {
            return self.queue.buffers.give(buffer);
        }
        buffer.clear();
        if buffer.capacity() < MIN_POOLED_BYTES {
            lock(&self.spare).bytes = buffer;
        }
    }
}

impl PoolClient for LoopClient<'_> {
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.queue
            .poll_reserve(self.worker_loop, &self.reservation, cx)
    }

    fn begin_item(&self, limit: Duration) {
        self.time.begin(limit, Instant::now());
    }

    fn excused(&self) -> Option<Duration> {
        self.time.excused()
    }

    fn end_item(&self) {
        self.queue.release(&self.reservation);
    }
}

impl Drop for LoopClient<'_> {
    fn drop(&mut self) {
        self.queue.release(&self.reservation);
    }
}
