//! Shuts the workers of a run down.

use std::thread;
use std::time::{Duration, Instant};

use super::super::call_queue::PoolEnd;
use super::super::worker_handle::EXIT_GRACE;
use super::Supervisor;
use crate::executor::process::ipc::SHUTDOWN_GRACE;

impl Supervisor {
    /// Rejects the calls that are left, and shuts the workers down.
    pub(super) fn shut_down(mut self, end: &PoolEnd) {
        self.queue.take_submitted(&mut self.submitted, false);
        let submitted_at = self.submitted.calls.drain(..);
        for mut call in self
            .pending
            .drain(..)
            .chain(self.isolated.drain(..))
            .chain(submitted_at)
        {
            call.reply.send(Err(end.rejection()));
        }
        let mut workers: Vec<_> = self
            .slots
            .into_iter()
            .filter_map(|slot| slot.worker)
            .chain(self.shutting_down)
            .collect();
        for worker in &mut workers {
            for mut sent in worker.calls.drain(..) {
                sent.call.reply.send(Err(end.rejection()));
            }
            match end {
                PoolEnd::Finished => worker.shut_down(),
                PoolEnd::Killed | PoolEnd::Failed(_) => worker.kill(),
            }
        }
        let deadline = Instant::now() + SHUTDOWN_GRACE + EXIT_GRACE;
        while matches!(end, PoolEnd::Finished) && Instant::now() < deadline {
            workers.retain_mut(|worker| worker.reap(Instant::now()).is_none());
            if workers.is_empty() {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        // Workers that are left are killed when dropped.
    }
}
