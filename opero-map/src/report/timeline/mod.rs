//! What each worker loop and worker process did when, in bounded memory.

pub(crate) mod sampler;
pub(crate) mod span_builder;

use std::fmt;

/// What the worker loops and workers of a run did when, item by item.
///
/// A run keeps one if it is told to ([`Run::timeline`](crate::Run::timeline)). It holds numbers
/// only: no argument, no value and no text of an error.
///
/// Of a long run it holds a part: one item in 2, 4, 8, … is left when there are more than
/// [`Timeline::MAX_ITEMS`] items or [`Timeline::MAX_SPANS`] spans. Which ones they are depends on
/// their place in the input alone, and they are spread over the whole run.
///
/// ```
/// # #[cfg(feature = "thread")] {
/// use opero_map::Phase;
///
/// let run = opero_map::map(["1", "x"], |text: &str| text.parse::<u32>()).timeline(true);
/// let timeline = run.run_report().1.timeline.unwrap();
/// assert_eq!((timeline.shown, timeline.items), (2, 2));
/// assert!(timeline.spans.iter().any(|span| span.item == 1 && span.phase == Phase::FailedExecution));
/// # }
/// ```
#[derive(Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Timeline {
    /// Items that have a result, without those whose result an earlier run had recorded.
    pub items: u64,
    /// Items whose spans are here: one in `one_in`.
    pub shown: u64,
    /// 1 where every item is here; else a power of two.
    pub one_in: u64,
    /// What happened to those items, ordered by item.
    pub spans: Vec<Span>,
    /// The coming and going of workers, the first [`Timeline::MAX_WORKER_CHANGES`] of it.
    pub workers: Vec<WorkerChange>,
}

/// A stretch of an item's time.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Span {
    /// The item's place in the input, from 0.
    pub item: u64,
    /// Which worker loop had the item, from 0.
    pub worker_loop: u32,
    /// Which worker process executed it, from 0; `None` where the worker loop itself did, or
    /// nothing was executed.
    pub worker: Option<u32>,
    /// What happened.
    pub phase: Phase,
    /// Which attempt it belongs to, from 1; 0 where to none.
    pub attempt: u32,
    /// Which fallback value the attempt had; 0 is the preferred one.
    pub fallback_index: u32,
    /// When it began, in milliseconds since the run's start.
    pub start_ms: f64,
    /// How long it took, in milliseconds. What a worker answered together counts as executed at the
    /// same time: from here it cannot be told apart.
    pub elapsed_ms: f64,
}

/// What happens to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Phase {
    /// The function was executed, and returned a value.
    Execution,
    /// The function was executed and failed: by an error or a panic, by its time, or with its
    /// worker.
    FailedExecution,
    /// It waited for a permit of the rate limit.
    PermitWait,
    /// It waited for a worker.
    WorkerWait,
    /// It waited between two attempts.
    Backoff,
    /// The result came out of the cache.
    CacheHit,
    /// The result came from a concurrent call, and was waited for.
    Coalesced,
    /// A stage rejected it.
    Rejected,
}

/// A worker process came or went.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct WorkerChange {
    /// Which worker, from 0.
    pub worker: u32,
    /// When, in milliseconds since the run's start.
    pub at_ms: f64,
    /// The process id of one that started.
    pub pid: Option<u32>,
    /// The signal that killed one.
    pub signal: Option<i32>,
    /// The code with which one exited.
    pub code: Option<i32>,
}

impl Timeline {
    /// The most items that are held.
    pub const MAX_ITEMS: usize = 20_000;
    /// The most spans that are held.
    pub const MAX_SPANS: usize = 60_000;
    /// The most spans of a single item: of one with more, the first ones.
    pub const MAX_SPANS_PER_ITEM: usize = 256;
    /// The most changes of workers that are held.
    pub const MAX_WORKER_CHANGES: usize = 4_096;
}

impl Phase {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 8] = [
        Self::Execution,
        Self::FailedExecution,
        Self::PermitWait,
        Self::WorkerWait,
        Self::Backoff,
        Self::CacheHit,
        Self::Coalesced,
        Self::Rejected,
    ];

    /// Returns the phase's name, as in the JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Execution => "execution",
            Self::FailedExecution => "failed_execution",
            Self::PermitWait => "permit_wait",
            Self::WorkerWait => "worker_wait",
            Self::Backoff => "backoff",
            Self::CacheHit => "cache_hit",
            Self::Coalesced => "coalesced",
            Self::Rejected => "rejected",
        }
    }
}

impl WorkerChange {
    /// Returns `true` if the worker exited; otherwise it started.
    pub const fn is_loss(&self) -> bool {
        self.pid.is_none()
    }
}

/// Without the spans: there may be tens of thousands.
impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline")
            .field("items", &self.items)
            .field("shown", &self.shown)
            .field("one_in", &self.one_in)
            .field("spans", &self.spans.len())
            .field("workers", &self.workers.len())
            .finish()
    }
}
