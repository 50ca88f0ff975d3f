use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opero_core::sync::lock;
use opero_core::{Clock, Event, EventCounts, Instant, Observer};

use super::Report;
use super::latency::Histogram;
use super::timeline::sampler::Sampler;
use super::units::{nanos, seconds};
use crate::executor::cores;

/// What happened in a run so far.
pub(crate) struct Statistics {
    shards: Box<[Shard]>,
    clock: Arc<dyn Clock>,
    started: Instant,
    /// Since the Unix epoch.
    started_at: Duration,
    detail: Detail,
    timeline: Option<Sampler>,
}

/// What the statistics are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Showing how far the run is.
    Progress,
    /// A report as well.
    Report,
    /// A report with a timeline.
    Timeline,
}

/// The counts of some worker loops. There are as many shards as can be written to at once, each on
/// cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Shard {
    ok: AtomicU64,
    failed: AtomicU64,
    /// Items whose result an earlier run had recorded.
    known: AtomicU64,
    /// Items whose result came out of the cache, or from a concurrent call.
    answered: AtomicU64,
    executions: AtomicU64,
    cache_hits: AtomicU64,
    coalesced: AtomicU64,
    retries: AtomicU64,
    fallbacks: AtomicU64,
    workers_started: AtomicU64,
    crashes: AtomicU64,
    permit_wait_nanos: AtomicU64,
    latency: Mutex<Histogram>,
}

/// Counts are only read together when a report is made, and then a momentary view is good enough.
const ORDER: Ordering = Ordering::Relaxed;

impl Statistics {
    /// Creates the statistics of a run that starts now.
    pub(crate) fn new(clock: Arc<dyn Clock>, detail: Detail) -> Self {
        let started = clock.now();
        Self {
            shards: (0..cores()).map(|_| Shard::default()).collect(),
            started,
            started_at: clock.unix(),
            timeline: (detail == Detail::Timeline).then(|| Sampler::new(started)),
            detail,
            clock,
        }
    }

    /// Returns what they are for.
    pub(crate) fn detail(&self) -> Detail {
        self.detail
    }

    /// Returns the sampler of the timeline, where one is asked for.
    pub(crate) fn sampler(&self) -> Option<&Sampler> {
        self.timeline.as_ref()
    }

    pub(crate) fn shard(&self, worker_loop: usize) -> &Shard {
        &self.shards[worker_loop % self.shards.len()]
    }

    /// Returns how many items succeeded and failed so far.
    pub(crate) fn done(&self) -> (u64, u64) {
        (self.sum(|s| &s.ok), self.sum(|s| &s.failed))
    }

    /// Returns how many items were executed so far: neither known from an earlier run nor answered
    /// by the cache.
    #[cfg_attr(
        not(feature = "progress"),
        expect(dead_code, reason = "for the progress bar")
    )]
    pub(crate) fn executed(&self) -> u64 {
        let (ok, failed) = self.done();
        let elsewhere = self.sum(|s| &s.known) + self.sum(|s| &s.answered);
        (ok + failed).saturating_sub(elsewhere)
    }

    /// Returns how many retries there were, and how many results came out of the cache.
    #[cfg_attr(
        not(feature = "progress"),
        expect(dead_code, reason = "for the progress bar")
    )]
    pub(crate) fn helped(&self) -> (u64, u64) {
        (self.sum(|s| &s.retries), self.sum(|s| &s.cache_hits))
    }

    /// Returns the report of the run so far.
    pub(crate) fn report(&self, function: &str) -> Report {
        let mut latency = Histogram::default();
        for shard in &self.shards {
            latency.merge(&lock(&shard.latency));
        }
        let (ok, failed) = (self.sum(|s| &s.ok), self.sum(|s| &s.failed));
        Report {
            items: ok + failed,
            ok,
            failed,
            executions: self.sum(|s| &s.executions),
            cache_hits: self.sum(|s| &s.cache_hits),
            coalesced: self.sum(|s| &s.coalesced),
            retries: self.sum(|s| &s.retries),
            fallbacks: self.sum(|s| &s.fallbacks),
            // Those are known to the journal, if there is one.
            resumed: 0,
            stale: 0,
            unrecorded: 0,
            journal_error: None,
            workers_started: self.sum(|s| &s.workers_started),
            crashes: self.sum(|s| &s.crashes),
            permit_wait_s: seconds(Duration::from_nanos(self.sum(|s| &s.permit_wait_nanos))),
            wall_s: seconds(self.clock.now().since(self.started)),
            latency_ms: latency.latency(),
            latency_bars: latency.bars(),
            function: function.to_owned(),
            started_at_s: seconds(self.started_at),
            timeline: self
                .timeline
                .as_ref()
                .map(|sampler| sampler.timeline(ok + failed)),
        }
    }

    fn sum(&self, count: impl Fn(&Shard) -> &AtomicU64) -> u64 {
        self.shards
            .iter()
            .map(|shard| count(shard).load(ORDER))
            .sum()
    }
}

impl Shard {
    /// Counts an item that has its result, with its latency where it ran.
    pub(crate) fn record(&self, latency: Option<Duration>, ok: bool) {
        let count = if ok { &self.ok } else { &self.failed };
        count.fetch_add(1, ORDER);
        if let Some(latency) = latency {
            lock(&self.latency).record(latency);
        }
    }

    /// Counts an item with the recorded result of an earlier run.
    pub(crate) fn record_known(&self, ok: bool) {
        self.known.fetch_add(1, ORDER);
        self.record(None, ok);
    }

    /// Counts an event within an item, of a function that the map's own calls.
    pub(crate) fn count_within(&self, event: &Event<'_>) {
        let (count, by) = match event {
            Event::CacheHit => (&self.cache_hits, 1),
            Event::CacheCoalesced => (&self.coalesced, 1),
            Event::RetryScheduled { .. } => (&self.retries, 1),
            Event::FallbackUsed { .. } => (&self.fallbacks, 1),
            Event::PermitWaited { waited } => (&self.permit_wait_nanos, nanos(*waited)),
            Event::CountedByWorker { counts } => return self.add(counts),
            _ => return,
        };
        count.fetch_add(by, ORDER);
    }

    /// Adds what a worker process counted within an item.
    fn add(&self, counts: &EventCounts) {
        self.cache_hits.fetch_add(counts.cache_hits, ORDER);
        self.coalesced.fetch_add(counts.coalesced, ORDER);
        self.retries.fetch_add(counts.retries, ORDER);
        self.fallbacks.fetch_add(counts.fallbacks, ORDER);
        let waited = nanos(counts.permit_wait);
        self.permit_wait_nanos.fetch_add(waited, ORDER);
    }
}

/// Counts what belongs to no worker loop, such as the exit of a worker process.
impl Observer for Statistics {
    fn on_event(&self, function: &str, event: &Event<'_>) {
        self.shard(0).on_event(function, event);
        if let Some(sampler) = &self.timeline {
            sampler.on_event(|| self.clock.now(), event);
        }
    }
}

impl Observer for Shard {
    fn on_event(&self, _: &str, event: &Event<'_>) {
        self.count_within(event);
        let count = match event {
            Event::ExecutionStarted { .. } => &self.executions,
            Event::CacheHit | Event::CacheCoalesced => &self.answered,
            Event::WorkerStarted { .. } => &self.workers_started,
            Event::WorkerLost { .. } => &self.crashes,
            _ => return,
        };
        count.fetch_add(1, ORDER);
    }
}
