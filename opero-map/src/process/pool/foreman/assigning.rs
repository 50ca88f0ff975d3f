//! Which worker gets which call.

use std::time::Instant;

use super::Foreman;

/// Calls of which a worker has more than these are so short that it is not worth while to move them.
const SHARED: usize = 16;

impl Foreman {
    /// Gives calls to workers: each to the one that has the fewest.
    pub(super) fn assign(&mut self, now: Instant) {
        let depth = self.depth();
        self.assign_suspects(now);
        // While there are more of them, one worker gets nothing else, so that it is free in the end.
        let kept_free = match self.suspects.is_empty() {
            true => None,
            false => self.free(usize::MAX, None),
        };
        while !self.pending.is_empty() {
            let Some(index) = self.free(depth, kept_free) else {
                return;
            };
            if let (Some(worker), Some(call)) =
                (&mut self.places[index].worker, self.pending.pop_front())
            {
                worker.assign(call, now);
            }
        }
    }

    /// Each to a worker that has nothing else.
    fn assign_suspects(&mut self, now: Instant) {
        while !self.suspects.is_empty() {
            let Some(index) = self.free(1, None) else {
                return;
            };
            if let (Some(worker), Some(call)) =
                (&mut self.places[index].worker, self.suspects.pop_front())
            {
                worker.assign_alone(call, now);
            }
        }
    }

    /// Of the workers that have less than `depth` and may have more, the one that has the least.
    fn free(&self, depth: usize, but: Option<usize>) -> Option<usize> {
        self.workers()
            .filter(|worker| Some(worker.index) != but && !worker.is_done(&self.hiring))
            .filter_map(|worker| Some((worker.load()?, worker.index)))
            .filter(|(load, _)| *load < depth)
            .min()
            .map(|(_, index)| index)
    }

    /// Where a worker has nothing to do and another one more than it is at, that is given back for it.
    pub(super) fn share(&mut self) {
        let idle = self.pending.is_empty() && self.workers().any(|worker| worker.load() == Some(0));
        if !idle || self.pace.depth() > SHARED {
            return;
        }
        for worker in self
            .places
            .iter_mut()
            .filter_map(|place| place.worker.as_mut())
        {
            if worker.share() {
                return;
            }
        }
    }
}
