use std::sync::Mutex;

use opero_core::sync::lock;

use crate::on_error::OnError;

/// Counts failures, as far as `on_error` asks for it.
pub(super) struct Failures {
    rule: OnError,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    failed: u64,
    finished: u64,
}

impl Failures {
    pub(super) fn new(rule: OnError) -> Self {
        Self {
            rule,
            counts: Mutex::default(),
        }
    }

    /// Counts an item's result. Returns `true` if the run stops here.
    #[inline]
    pub(super) fn stop_after(&self, ok: bool) -> bool {
        match self.rule {
            OnError::Collect => false,
            OnError::Stop => !ok,
            // Only a share depends on those that succeed.
            OnError::StopAfter(_) if ok => false,
            OnError::StopAfter(_) | OnError::StopAbove(_) => self.count(ok),
        }
    }

    fn count(&self, ok: bool) -> bool {
        let mut counts = lock(&self.counts);
        counts.finished += 1;
        counts.failed += u64::from(!ok);
        self.rule.stops(counts.failed, counts.finished)
    }
}
