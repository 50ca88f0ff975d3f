use std::sync::{Arc, Mutex};

use opero_core::sync::lock;
use opero_core::{Backend, ConfigError, Waiting, block_on, threads};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{Executor, ExecutorRegistration, Lane, cores};

inventory::submit! {
    ExecutorRegistration { scheme: "thread", open: |_| Ok(Arc::new(ThreadExecutor)) }
}

/// Each run has a rayon pool of its own, with a thread for each lane and one more for each core.
///
/// A shared pool would let nested maps wait for threads that wait for them. Lanes are broadcast, one to each thread:
/// rayon never steals those, so a lane that waits cannot end up underneath another one on the same stack. What an item
/// itself does with rayon stays in the run's pool, where the threads beyond the lanes do what an item waits for.
#[derive(Debug)]
struct ThreadExecutor;

impl Backend for ThreadExecutor {
    fn scheme(&self) -> &str {
        "thread"
    }
}

impl Executor for ThreadExecutor {
    fn waiting(&self, function: Waiting) -> Option<Waiting> {
        (function == Waiting::Blocking).then_some(function)
    }

    fn default_workers(&self) -> usize {
        cores()
    }

    fn block(&self, lanes: Vec<Lane<'_>>) -> Result<(), ConfigError> {
        let pool = pool(lanes.len())?;
        let lanes = Mutex::new(lanes);
        pool.in_place_scope(|scope| {
            let _begin = lock(&lanes);
            scope.spawn_broadcast(|_, _| drive(&lanes));
        });
        Ok(())
    }

    fn spawn(&self, lanes: Vec<Lane<'static>>) -> Result<(), ConfigError> {
        let pool = pool(lanes.len())?;
        let lanes = Arc::new(Mutex::new(lanes));
        let shared = Arc::clone(&lanes);
        let _begin = lock(&lanes);
        // Dropping the pool's handle joins nothing: its threads end when the lanes do.
        pool.spawn_broadcast(move |_| drive(&shared));
        Ok(())
    }
}

/// Takes one lane after the other: the pool may have fewer threads than were asked for. No lane begins before every thread
/// has been told, which the lock is held for: a thread that is busy with what an item spawned would hear of it too late.
fn drive(lanes: &Mutex<Vec<Lane<'_>>>) {
    loop {
        let Some(lane) = lock(lanes).pop() else {
            return;
        };
        block_on(lane);
    }
}

fn pool(lanes: usize) -> Result<ThreadPool, ConfigError> {
    ThreadPoolBuilder::new()
        .num_threads(lanes + cores())
        .stack_size(threads::stack_size())
        .thread_name(|index| format!("opero-map-{index}"))
        .build()
        .map_err(|error| {
            ConfigError::new(
                "workers",
                format!("is {lanes}, and that many threads could not be started ({error})"),
                "give fewer",
            )
        })
}
