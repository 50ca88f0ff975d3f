use std::time::Duration;

use crate::Event;

/// How often stages did what a run's statistics count, such as within one call of a worker process.
///
/// ```
/// use opero_core::{Event, EventCounts};
///
/// let mut counts = EventCounts::default();
/// assert!(counts.count(&Event::CacheHit));
/// assert!(!counts.count(&Event::CacheMiss));
/// assert_eq!(counts, EventCounts { cache_hits: 1, ..EventCounts::default() });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "stable", derive(serde::Serialize, serde::Deserialize))]
pub struct EventCounts {
    /// Results that came out of a cache.
    pub cache_hits: u64,
    /// Results that came from a concurrent call.
    pub coalesced: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Uses of a further fallback value.
    pub fallbacks: u64,
    /// Time spent waiting for permits.
    pub permit_wait: Duration,
}

impl EventCounts {
    /// Counts an event. Returns `true` if it is one of those that are counted.
    pub fn count(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::CacheHit => self.cache_hits = self.cache_hits.saturating_add(1),
            Event::CacheCoalesced => self.coalesced = self.coalesced.saturating_add(1),
            Event::RetryScheduled { .. } => self.retries = self.retries.saturating_add(1),
            Event::FallbackUsed { .. } => self.fallbacks = self.fallbacks.saturating_add(1),
            Event::PermitWaited { waited } => {
                self.permit_wait = self.permit_wait.saturating_add(*waited);
            }
            Event::CountedByWorker { counts } => self.add(counts),
            _ => return false,
        }
        true
    }

    /// Adds other counts.
    pub fn add(&mut self, other: &Self) {
        self.cache_hits = self.cache_hits.saturating_add(other.cache_hits);
        self.coalesced = self.coalesced.saturating_add(other.coalesced);
        self.retries = self.retries.saturating_add(other.retries);
        self.fallbacks = self.fallbacks.saturating_add(other.fallbacks);
        self.permit_wait = self.permit_wait.saturating_add(other.permit_wait);
    }
}
