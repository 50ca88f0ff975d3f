use std::sync::{Arc, Mutex};

use opero_core::sync::lock;
use opero_core::{Backend, ConfigError, WaitMode, block_on, threads};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Executor, ExecutorRegistration, WorkerLoop, cores};

inventory::submit! {
    ExecutorRegistration { scheme: "thread", open: |_| Ok(Arc::new(ThreadExecutor)) }
}

/// Each run has a rayon pool of its own, with a thread for each worker loop and one more for each
/// core.
///
/// A shared pool would let nested maps wait for threads that wait for them. Worker loops are
/// broadcast, one to each thread: rayon never steals those, so a worker loop that waits cannot end
/// up underneath another one on the same stack. What an item itself does with rayon stays in the
/// run's pool, where the threads beyond the worker loops do what an item waits for.
#[derive(Debug)]
struct ThreadExecutor;

impl Backend for ThreadExecutor {
    fn scheme(&self) -> &str {
        "thread"
    }
}

impl Executor for ThreadExecutor {
    fn waiting(&self, function: WaitMode) -> Option<WaitMode> {
        (function == WaitMode::Blocking).then_some(function)
    }

    fn default_workers(&self) -> usize {
        cores()
    }

    fn block(&self, worker_loops: Vec<WorkerLoop<'_>>) -> Result<(), ConfigError> {
        let pool = pool(worker_loops.len())?;
        let worker_loops = Mutex::new(worker_loops);
        pool.in_place_scope(|scope| {
            let _begin = lock(&worker_loops);
            scope.spawn_broadcast(|_, _| drive(&worker_loops));
        });
        Ok(())
    }

    fn spawn(&self, worker_loops: Vec<WorkerLoop<'static>>) -> Result<(), ConfigError> {
        let pool = pool(worker_loops.len())?;
        let worker_loops = Arc::new(Mutex::new(worker_loops));
        let shared = Arc::clone(&worker_loops);
        let _begin = lock(&worker_loops);
        // Dropping the pool's handle joins nothing: its threads end when the worker loops do.
        pool.spawn_broadcast(move |_| drive(&shared));
        Ok(())
    }
}

/// Takes one worker loop after the other: the pool may have fewer threads than were asked for. No
/// worker loop begins before every thread has been told, which the lock is held for: a thread that
/// is busy with what an item spawned would hear of it too late.
fn drive(worker_loops: &Mutex<Vec<WorkerLoop<'_>>>) {
    loop {
        let Some(worker_loop) = lock(worker_loops).pop() else {
            return;
        };
        block_on(worker_loop);
    }
}

fn pool(worker_loops: usize) -> Result<ThreadPool, ConfigError> {
    ThreadPoolBuilder::new()
        .num_threads(worker_loops + cores())
        .stack_size(threads::stack_size())
        .thread_name(|index| format!("opero-map-{index}"))
        .build()
        .map_err(|error| {
            ConfigError::new(
                "workers",
                format!("is {worker_loops}, and that many threads could not be started ({error})"),
                "give fewer",
            )
        })
}
