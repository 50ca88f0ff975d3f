//! Counts what decorated functions do within the calls of this worker: the parent counts it for its
//! run.

use std::mem;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use opero_core::sync::lock;
use opero_core::{Event, EventCounts, Observer};

/// What was counted since the last call that took it. A call that counts nothing costs one load.
#[derive(Default)]
pub(super) struct Counter {
    has_counts: AtomicBool,
    counts: Mutex<EventCounts>,
}

impl Counter {
    /// Adds what was counted since the last time to `counts`.
    #[inline]
    pub(super) fn take(&self, counts: &mut Option<EventCounts>) {
        if self.has_counts.load(Ordering::Relaxed) {
            self.move_to(counts.get_or_insert_default());
        }
    }

    #[cold]
    fn move_to(&self, counts: &mut EventCounts) {
        let mut own = lock(&self.counts);
        self.has_counts.store(false, Ordering::Relaxed);
        counts.add(&mem::take(&mut *own));
    }
}

impl Observer for Counter {
    fn on_event(&self, _: &str, event: &Event<'_>) {
        let mut counts = lock(&self.counts);
        if counts.count(event) {
            self.has_counts.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_taken_once_and_nothing_is_nothing() {
        let (counter, mut counts) = (Counter::default(), None);
        counter.on_event("f", &Event::CacheMiss);
        counter.take(&mut counts);
        assert_eq!(counts, None);
        counter.on_event("f", &Event::CacheHit);
        counter.take(&mut counts);
        counter.take(&mut counts);
        assert_eq!(counts.map(|counts| counts.cache_hits), Some(1));
    }
}
