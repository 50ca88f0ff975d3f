use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use opero_core::sync::lock;
use opero_core::{Event, Instant};

use super::span_builder::RawSpan;
use super::{Span, Timeline, WorkerChange};
use crate::report::units::millis;

/// Samples the spans of a run's items, the fewer of them the more there are.
///
/// It begins with every item. At each excess over the bound it drops half of the items and stops
/// sampling that half: one in 2, 4, 8 is left. Worker loops read no clock for the other items.
pub(crate) struct Sampler {
    started: Instant,
    /// One item in 2 to this power is sampled.
    halvings: AtomicU32,
    samples: Mutex<Samples>,
}

#[derive(Default)]
struct Samples {
    items: Vec<SampledItem>,
    spans: usize,
    changes: Vec<WorkerChange>,
}

struct SampledItem {
    index: usize,
    worker_loop: usize,
    spans: Box<[RawSpan]>,
}

impl Sampler {
    pub(crate) fn new(started: Instant) -> Self {
        Self {
            started,
            halvings: AtomicU32::new(0),
            samples: Mutex::default(),
        }
    }

    /// Returns `true` if the item at `index` of the input is sampled at present.
    pub(crate) fn samples(&self, index: usize) -> bool {
        is_left(index, self.halvings.load(Ordering::Relaxed))
    }

    /// Adds the spans of an item.
    pub(crate) fn add(&self, worker_loop: usize, index: usize, spans: &[RawSpan]) {
        let mut samples = lock(&self.samples);
        let mut halvings = self.halvings.load(Ordering::Relaxed);
        if !is_left(index, halvings) {
            return;
        }
        samples.spans += spans.len();
        samples.items.push(SampledItem {
            index,
            worker_loop,
            spans: spans.into(),
        });
        while samples.exceed_bounds() && halvings < usize::BITS - 1 {
            halvings += 1;
            samples.items.retain(|item| is_left(item.index, halvings));
            samples.spans = samples.items.iter().map(|item| item.spans.len()).sum();
        }
        self.halvings.store(halvings, Ordering::Relaxed);
    }

    /// Notes a worker's start or exit; ignores other events.
    pub(crate) fn on_event(&self, now: impl FnOnce() -> Instant, event: &Event<'_>) {
        let (worker, pid, signal, code) = match *event {
            Event::WorkerStarted { worker, pid } => (worker, Some(pid), None, None),
            Event::WorkerLost {
                worker,
                signal,
                code,
            } => (worker, None, signal, code),
            _ => return,
        };
        let changes = &mut lock(&self.samples).changes;
        if changes.len() < Timeline::MAX_WORKER_CHANGES {
            changes.push(WorkerChange {
                worker: narrow(worker),
                at_ms: self.offset(now()),
                pid,
                signal,
                code,
            });
        }
    }

    /// Returns the timeline of a run that had `items` items so far.
    pub(crate) fn timeline(&self, items: u64) -> Timeline {
        let mut samples = lock(&self.samples);
        samples.items.sort_unstable_by_key(|item| item.index);
        let spans = samples.items.iter();
        let spans = spans.flat_map(|item| item.spans.iter().map(|span| self.span(item, span)));
        Timeline {
            items,
            shown: samples.items.len() as u64,
            one_in: 1 << self.halvings.load(Ordering::Relaxed),
            spans: spans.collect(),
            workers: samples.changes.clone(),
        }
    }

    fn span(&self, item: &SampledItem, span: &RawSpan) -> Span {
        Span {
            item: item.index as u64,
            worker_loop: narrow(item.worker_loop),
            worker: span.worker.map(narrow),
            phase: span.phase,
            attempt: span.attempt.map_or(0, |attempt| attempt.number),
            fallback_index: span
                .attempt
                .map_or(0, |attempt| narrow(attempt.fallback_index)),
            start_ms: self.offset(span.start),
            elapsed_ms: millis(span.end.since(span.start)),
        }
    }

    fn offset(&self, at: Instant) -> f64 {
        millis(at.since(self.started))
    }
}

impl Samples {
    fn exceed_bounds(&self) -> bool {
        self.items.len() > Timeline::MAX_ITEMS || self.spans > Timeline::MAX_SPANS
    }
}

/// Returns `true` if the item is left after so many halvings.
///
/// Not simply every second, fourth, … item: worker loops that take turns would leave only some of
/// themselves. The product's upper bits are as good as random, and those left by one halving
/// contain those left by the next.
fn is_left(index: usize, halvings: u32) -> bool {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    halvings == 0 || (index as u64).wrapping_mul(GOLDEN) >> (u64::BITS - halvings) == 0
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::timeline::Phase;
    use proptest::prelude::*;

    const WORKER_LOOPS: usize = 2;

    fn span(index: usize) -> RawSpan {
        RawSpan {
            phase: Phase::Execution,
            worker: None,
            attempt: None,
            start: Instant::from_nanos(index as u64 * 1_000),
            end: Instant::from_nanos(index as u64 * 1_000 + 500),
        }
    }

    /// What is left of items that two worker loops take in turn, with so many spans each.
    fn after(items: usize, spans: usize) -> Timeline {
        let sampler = Sampler::new(Instant::ORIGIN);
        for index in 0..items {
            if sampler.samples(index) {
                sampler.add(index % WORKER_LOOPS, index, &vec![span(index); spans]);
            }
        }
        sampler.timeline(items as u64)
    }

    #[test]
    fn as_many_items_as_the_bound_are_all_there() {
        let timeline = after(Timeline::MAX_ITEMS, 1);
        assert_eq!((timeline.shown, timeline.one_in), (20_000, 1));
    }

    #[test]
    fn a_long_run_is_bounded_and_shown_from_end_to_end_with_all_its_lanes() {
        let timeline = after(3_000_000, 1);
        let shown = timeline.spans.len();
        assert!((5_000..=Timeline::MAX_ITEMS).contains(&shown), "{shown}");
        assert_eq!((timeline.items, timeline.one_in), (3_000_000, 256));
        let tenths: Vec<usize> = (0..10)
            .map(|tenth| {
                let range = tenth * 300_000..(tenth + 1) * 300_000;
                timeline
                    .spans
                    .iter()
                    .filter(|span| range.contains(&span.item))
                    .count()
            })
            .collect();
        let fair = shown / 10;
        assert!(
            tenths.iter().all(|n| n.abs_diff(fair) <= fair / 5),
            "{tenths:?}"
        );
        let first = timeline
            .spans
            .iter()
            .filter(|span| span.worker_loop == 0)
            .count();
        assert!(
            first.abs_diff(shown / 2) <= shown / 10,
            "{first} of {shown}"
        );
    }

    #[test]
    fn items_with_many_spans_are_bounded_by_these() {
        let timeline = after(5_000, 200);
        assert!(timeline.spans.len() <= Timeline::MAX_SPANS);
        assert!(timeline.spans.len() > Timeline::MAX_SPANS / 8);
        assert_eq!(timeline.spans.len() as u64, timeline.shown * 200);
    }

    #[test]
    fn what_is_left_depends_on_nothing_but_the_place_in_the_input() {
        let indices =
            |timeline: &Timeline| timeline.spans.iter().map(|s| s.item).collect::<Vec<_>>();
        let forwards = after(100_000, 1);
        let sampler = Sampler::new(Instant::ORIGIN);
        (0..100_000)
            .rev()
            .for_each(|index| sampler.add(0, index, &[span(index)]));
        assert_eq!(indices(&sampler.timeline(100_000)), indices(&forwards));
    }

    #[test]
    fn the_changes_of_workers_are_bounded_too() {
        let sampler = Sampler::new(Instant::ORIGIN);
        for worker in 0..10_000 {
            let started = Event::WorkerStarted { worker, pid: 1 };
            sampler.on_event(|| Instant::ORIGIN, &started);
        }
        assert_eq!(
            sampler.timeline(0).workers.len(),
            Timeline::MAX_WORKER_CHANGES
        );
    }

    proptest! {
        #[test]
        fn each_halving_leaves_a_part_of_what_the_one_before_left(index: usize, halvings in 0..63_u32) {
            prop_assert!(!is_left(index, halvings + 1) || is_left(index, halvings));
        }
    }
}
