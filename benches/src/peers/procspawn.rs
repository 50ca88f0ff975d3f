//! procspawn's pool. A call costs it two socket pairs until its result is taken, so its user keeps a window of calls; without one,
//! 200,000 items end in "too many open files".

use std::collections::VecDeque;
use std::hint::black_box;

use procspawn::{JoinHandle, Pool, SpawnError};

/// Twice as many calls, or half, take as long.
const WINDOW: usize = 64;

pub(crate) struct Procspawn(Pool);

impl Procspawn {
    /// A pool whose workers stand already.
    pub(crate) fn new(workers: usize) -> Result<Self, SpawnError> {
        let pool = Self(Pool::new(workers)?);
        pool.map(workers as u64, |item| item)?;
        Ok(pool)
    }

    /// Runs `function` on all numbers below `items`.
    pub(crate) fn map(&self, items: u64, function: fn(u64) -> u64) -> Result<(), SpawnError> {
        let mut running = VecDeque::with_capacity(WINDOW);
        for item in 0..items {
            if running.len() == WINDOW {
                take(running.pop_front())?;
            }
            running.push_back(self.0.spawn(item, function));
        }
        running.into_iter().try_for_each(|call| take(Some(call)))
    }
}

fn take(call: Option<JoinHandle<u64>>) -> Result<(), SpawnError> {
    if let Some(call) = call {
        black_box(call.join()?);
    }
    Ok(())
}
