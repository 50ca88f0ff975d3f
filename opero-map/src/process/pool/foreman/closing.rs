//! The end of a run.

use std::thread;
use std::time::{Duration, Instant};

use super::super::super::LEAVE;
use super::super::office::End;
use super::super::worker::END;
use super::Foreman;

impl Foreman {
    /// The end: calls that are left are rejected, and the workers go.
    pub(super) fn close(mut self, end: &End) {
        self.office.fetch(&mut self.fetched, false);
        let handed_in = self.fetched.calls.drain(..);
        for mut call in self
            .pending
            .drain(..)
            .chain(self.suspects.drain(..))
            .chain(handed_in)
        {
            call.reply.send(Err(end.rejection()));
        }
        let mut workers: Vec<_> = self
            .places
            .into_iter()
            .filter_map(|place| place.worker)
            .chain(self.leaving)
            .collect();
        for worker in &mut workers {
            for mut sent in worker.calls.drain(..) {
                sent.call.reply.send(Err(end.rejection()));
            }
            match end {
                End::Over => worker.let_go(),
                End::Dismissed | End::Failed(_) => worker.kill(),
            }
        }
        let deadline = Instant::now() + LEAVE + END;
        while matches!(end, End::Over) && Instant::now() < deadline {
            workers.retain_mut(|worker| worker.ended(Instant::now()).is_none());
            if workers.is_empty() {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
        // What is left of them is killed when it is dropped.
    }
}
