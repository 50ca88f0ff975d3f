//! Dispatches calls to workers.

use std::time::Instant;

use super::Supervisor;

/// Calls of which a worker has more than this are too short to be moved.
const MAX_REBALANCED_DEPTH: usize = 16;

impl Supervisor {
    /// Dispatches each call to the worker that has the fewest.
    pub(super) fn dispatch(&mut self, now: Instant) {
        let depth = self.depth();
        self.dispatch_isolated(now);
        // While isolated calls wait, one worker gets no others, so that it runs out of calls.
        let reserved = match self.isolated.is_empty() {
            true => None,
            false => self.least_loaded(usize::MAX, None),
        };
        while !self.pending.is_empty() {
            let Some(index) = self.least_loaded(depth, reserved) else {
                return;
            };
            if let (Some(worker), Some(call)) =
                (&mut self.slots[index].worker, self.pending.pop_front())
            {
                worker.assign(call, now);
            }
        }
    }

    /// Dispatches each isolated call to a worker that has no other.
    fn dispatch_isolated(&mut self, now: Instant) {
        while !self.isolated.is_empty() {
            let Some(index) = self.least_loaded(1, None) else {
                return;
            };
            if let (Some(worker), Some(call)) =
                (&mut self.slots[index].worker, self.isolated.pop_front())
            {
                worker.assign_alone(call, now);
            }
        }
    }

    /// Returns the least loaded of the workers with fewer than `depth` calls.
    fn least_loaded(&self, depth: usize, but: Option<usize>) -> Option<usize> {
        self.workers()
            .filter(|worker| Some(worker.index) != but && !worker.needs_recycling(&self.config))
            .filter_map(|worker| Some((worker.load()?, worker.index)))
            .filter(|(load, _)| *load < depth)
            .min()
            .map(|(_, index)| index)
    }

    /// Asks a loaded worker to give calls back, where another one is idle.
    pub(super) fn rebalance(&mut self) {
        let idle = self.pending.is_empty() && self.workers().any(|worker| worker.load() == Some(0));
        if !idle || self.call_depth.depth() > MAX_REBALANCED_DEPTH {
            return;
        }
        for worker in self
            .slots
            .iter_mut()
            .filter_map(|slot| slot.worker.as_mut())
        {
            if worker.ask_to_give_back() {
                return;
            }
        }
    }
}
