use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use opero_core::sync::lock;
use opero_core::{Clock, Event, Instant, Observer};

use crate::report::statistics::{Shard, Statistics};
use crate::report::timeline::sampler::Sampler;
use crate::report::timeline::span_builder::SpanBuilder;

/// Traces the current item of one worker loop, beside the counts of the whole run.
///
/// A worker loop has one only for a journal or a timeline: the shard counts everything else.
pub(crate) struct ItemTracer<'a> {
    shard: Option<&'a Shard>,
    executions: AtomicU32,
    worker: AtomicUsize,
    answered: AtomicBool,
    timeline: Option<ItemTimeline<'a>>,
}

/// The trace of an item so far.
#[cfg_attr(not(feature = "journal"), allow(dead_code, reason = "for the journal"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ItemTrace {
    /// Executions of the function; 0 where the result came from elsewhere.
    pub(crate) attempts: u32,
    /// The worker that executed it last, where there are workers.
    pub(crate) worker: Option<usize>,
    /// `true` if the result came from the cache or a concurrent call.
    pub(crate) answered: bool,
}

/// A worker loop's part of the timeline.
struct ItemTimeline<'a> {
    worker_loop: usize,
    sampler: &'a Sampler,
    clock: &'a dyn Clock,
    /// `true` if the current item is sampled. For the others this check is all it costs.
    sampled: AtomicBool,
    spans: Mutex<SpanBuilder>,
}

const NO_WORKER: usize = usize::MAX;

/// Only the worker loop itself reads and writes; the atomics are there because an observer is
/// shared.
const ORDER: Ordering = Ordering::Relaxed;

impl<'a> ItemTracer<'a> {
    /// Creates the tracer of one worker loop, which passes events on to the statistics.
    pub(crate) fn new(
        worker_loop: usize,
        statistics: Option<&'a Statistics>,
        clock: &'a dyn Clock,
    ) -> Self {
        let sampler = statistics.and_then(Statistics::sampler);
        Self {
            shard: statistics.map(|statistics| statistics.shard(worker_loop)),
            executions: AtomicU32::new(0),
            worker: AtomicUsize::new(NO_WORKER),
            answered: AtomicBool::new(false),
            timeline: sampler.map(|sampler| ItemTimeline {
                worker_loop,
                sampler,
                clock,
                sampled: AtomicBool::new(false),
                spans: Mutex::default(),
            }),
        }
    }

    /// Begins the trace of the item at `index` of the input.
    pub(crate) fn begin(&self, index: usize, now: Instant) {
        self.executions.store(0, ORDER);
        self.worker.store(NO_WORKER, ORDER);
        self.answered.store(false, ORDER);
        if let Some(timeline) = &self.timeline {
            let sampled = timeline.sampler.samples(index);
            timeline.sampled.store(sampled, ORDER);
            if sampled {
                lock(&timeline.spans).begin(now);
            }
        }
    }

    /// Ends the trace of the item at `index`.
    pub(crate) fn end(&self, index: usize, now: Instant) {
        if let Some(timeline) = &self.timeline
            && timeline.sampled.load(ORDER)
        {
            let mut spans = lock(&timeline.spans);
            timeline
                .sampler
                .add(timeline.worker_loop, index, spans.end(now));
        }
    }

    /// Returns the trace of the current item.
    pub(crate) fn trace(&self) -> ItemTrace {
        let worker = self.worker.load(ORDER);
        ItemTrace {
            attempts: self.executions.load(ORDER),
            worker: (worker != NO_WORKER).then_some(worker),
            answered: self.answered.load(ORDER),
        }
    }
}

impl Observer for ItemTracer<'_> {
    fn on_event(&self, function: &str, event: &Event<'_>) {
        if let Some(shard) = self.shard {
            shard.on_event(function, event);
        }
        match event {
            Event::ExecutionStarted { .. } => {
                self.executions.fetch_add(1, ORDER);
            }
            Event::ExecutedBy { worker, .. } => self.worker.store(*worker, ORDER),
            Event::CacheHit | Event::CacheCoalesced => self.answered.store(true, ORDER),
            _ => {}
        }
        if let Some(timeline) = &self.timeline
            && timeline.sampled.load(ORDER)
            && SpanBuilder::handles(event)
        {
            let now = timeline.clock.now();
            lock(&timeline.spans).event(now, event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opero_core::{Attempt, SystemClock};
    use std::time::Duration;

    #[test]
    fn each_item_is_seen_by_itself() {
        let watch = ItemTracer::new(0, None, &SystemClock);
        let tell = |event| watch.on_event("", &event);
        watch.begin(0, Instant::ORIGIN);
        for worker in [3, 1] {
            let attempt = Attempt::FIRST;
            tell(Event::ExecutionStarted { attempt });
            let (waited, elapsed) = (Duration::ZERO, Duration::ZERO);
            tell(Event::ExecutedBy {
                worker,
                waited,
                elapsed,
            });
        }
        let executed = ItemTrace {
            attempts: 2,
            worker: Some(1),
            answered: false,
        };
        assert_eq!(watch.trace(), executed);
        watch.begin(1, Instant::ORIGIN);
        tell(Event::CacheHit);
        let answered = ItemTrace {
            attempts: 0,
            worker: None,
            answered: true,
        };
        assert_eq!(watch.trace(), answered);
    }
}
