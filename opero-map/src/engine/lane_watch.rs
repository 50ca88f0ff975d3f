use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use opero_core::sync::lock;
use opero_core::{Clock, Event, Instant, Observer};

use super::statistics::{Shard, Statistics};
use crate::timeline::{Keeper, Script};

/// What one lane's present item goes through, beside the counts of the whole run.
///
/// A lane has one only where somebody asks about single items, a journal or a timeline: everything else is counted by the
/// shard alone.
pub(crate) struct LaneWatch<'a> {
    shard: Option<&'a Shard>,
    executions: AtomicU32,
    worker: AtomicUsize,
    answered: AtomicBool,
    timeline: Option<Drafting<'a>>,
}

/// What an item went through so far.
#[cfg_attr(not(feature = "journal"), allow(dead_code, reason = "for the journal"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ItemTrace {
    /// Executions of the function; 0 where the result came from elsewhere.
    pub(crate) attempts: u32,
    /// The worker that executed it last, where there are workers.
    pub(crate) worker: Option<usize>,
    /// Did the result come out of the cache, or from a concurrent call?
    pub(crate) answered: bool,
}

/// The lane's part of a timeline.
struct Drafting<'a> {
    lane: usize,
    keeper: &'a Keeper,
    clock: &'a dyn Clock,
    /// Is the present item kept? If not, nothing of it costs more than this question.
    wanted: AtomicBool,
    script: Mutex<Script>,
}

const NO_WORKER: usize = usize::MAX;

/// Only the lane itself reads and writes; the atomics are there because an observer is shared.
const ORDER: Ordering = Ordering::Relaxed;

impl<'a> LaneWatch<'a> {
    /// For one lane, whose events go on to the statistics.
    pub(crate) fn new(
        lane: usize,
        statistics: Option<&'a Statistics>,
        clock: &'a dyn Clock,
    ) -> Self {
        let keeper = statistics.and_then(Statistics::keeper);
        Self {
            shard: statistics.map(|statistics| statistics.shard(lane)),
            executions: AtomicU32::new(0),
            worker: AtomicUsize::new(NO_WORKER),
            answered: AtomicBool::new(false),
            timeline: keeper.map(|keeper| Drafting {
                lane,
                keeper,
                clock,
                wanted: AtomicBool::new(false),
                script: Mutex::default(),
            }),
        }
    }

    /// The lane begins with the item at `index` of the input.
    pub(crate) fn begin(&self, index: usize, now: Instant) {
        self.executions.store(0, ORDER);
        self.worker.store(NO_WORKER, ORDER);
        self.answered.store(false, ORDER);
        if let Some(drafting) = &self.timeline {
            let wanted = drafting.keeper.wants(index);
            drafting.wanted.store(wanted, ORDER);
            if wanted {
                lock(&drafting.script).begin(now);
            }
        }
    }

    /// The item at `index` has its result.
    pub(crate) fn end(&self, index: usize, now: Instant) {
        if let Some(drafting) = &self.timeline
            && drafting.wanted.load(ORDER)
        {
            let mut script = lock(&drafting.script);
            drafting.keeper.keep(drafting.lane, index, script.end(now));
        }
    }

    /// What the present item went through.
    pub(crate) fn trace(&self) -> ItemTrace {
        let worker = self.worker.load(ORDER);
        ItemTrace {
            attempts: self.executions.load(ORDER),
            worker: (worker != NO_WORKER).then_some(worker),
            answered: self.answered.load(ORDER),
        }
    }
}

impl Observer for LaneWatch<'_> {
    fn on_event(&self, function: &str, event: &Event<'_>) {
        if let Some(shard) = self.shard {
            shard.on_event(function, event);
        }
        match event {
            Event::ExecutionStarted { .. } => {
                self.executions.fetch_add(1, ORDER);
            }
            Event::ExecutedBy { worker, .. } => self.worker.store(*worker, ORDER),
            Event::CacheHit | Event::CacheFollowed => self.answered.store(true, ORDER),
            _ => {}
        }
        if let Some(drafting) = &self.timeline
            && drafting.wanted.load(ORDER)
            && Script::concerns(event)
        {
            let now = drafting.clock.now();
            lock(&drafting.script).event(now, event);
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
        let watch = LaneWatch::new(0, None, &SystemClock);
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
