//! Which row of the timeline a span is drawn in: a worker's, or a worker loop's.

use std::collections::BTreeMap;

use crate::report::timeline::{Span, Timeline};

/// Rows from top to bottom, and the places of the timeline's spans in them.
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// For each span of the timeline its row and the slot in it.
    pub(super) places: Vec<(usize, usize)>,
    /// The rows of workers, by the worker.
    pub(super) workers: BTreeMap<u32, usize>,
}

pub(super) struct Row {
    pub(super) label: String,
    /// How many spans can lie one above the other.
    pub(super) slots: usize,
}

/// More rows than this are too thin to tell apart: then worker loops share them.
const MAX_ROWS: u32 = 128;

/// Spans that overlap in one row lie in slots, of which it has at most so many.
const MAX_SLOTS: usize = 16;

/// The part of the run by which spans may overlap and still lie side by side: it is hardly to be
/// seen, and results that a worker sends together are not told apart to the microsecond.
const TOLERANCE: f64 = 0.002;

impl Rows {
    pub(super) fn of(timeline: &Timeline) -> Self {
        let with_spans = timeline.spans.iter().filter_map(|span| span.worker);
        let with_changes = timeline.workers.iter().map(|change| change.worker);
        let numbers: std::collections::BTreeSet<u32> = with_spans.chain(with_changes).collect();
        match numbers.is_empty() {
            true => Self::by_worker_loop(&timeline.spans),
            false => Self::by_worker(&timeline.spans, numbers.into_iter().collect()),
        }
    }

    /// Returns a row for each worker loop, or for several of many. A worker loop does one thing at
    /// a time.
    fn by_worker_loop(spans: &[Span]) -> Self {
        let worker_loops = spans
            .iter()
            .map(|span| span.worker_loop + 1)
            .max()
            .unwrap_or(0);
        let together = worker_loops.div_ceil(MAX_ROWS).max(1);
        let row = |first: u32| {
            let last = (first + together).min(worker_loops) - 1;
            let label = match together {
                1 => format!("worker loop {first}"),
                _ => format!("worker loops {first}–{last}"),
            };
            let slots = (last - first + 1) as usize;
            Row { label, slots }
        };
        let place = |span: &Span| {
            let (row, slot) = (span.worker_loop / together, span.worker_loop % together);
            (row as usize, slot as usize)
        };
        Self {
            rows: (0..worker_loops)
                .step_by(together as usize)
                .map(row)
                .collect(),
            places: spans.iter().map(place).collect(),
            workers: BTreeMap::new(),
        }
    }

    /// Returns a row for each worker, and one for items that no worker has.
    fn by_worker(spans: &[Span], numbers: Vec<u32>) -> Self {
        let workers: BTreeMap<u32, usize> = numbers.iter().copied().zip(0..).collect();
        let elsewhere = workers.len();
        let mut packed: Vec<Vec<f64>> = vec![Vec::new(); elsewhere + 1];
        let ends = spans.iter().map(|span| span.start_ms + span.elapsed_ms);
        let tolerance = ends.fold(0.0, f64::max) * TOLERANCE;
        let mut order: Vec<usize> = (0..spans.len()).collect();
        order.sort_by(|&a, &b| spans[a].start_ms.total_cmp(&spans[b].start_ms));
        let mut places = vec![(0, 0); spans.len()];
        for number in order {
            let span = &spans[number];
            let row = span.worker.and_then(|worker| workers.get(&worker));
            let row = row.copied().unwrap_or(elsewhere);
            places[number] = (row, pack(&mut packed[row], span, tolerance));
        }
        let label = |row: usize| match numbers.get(row) {
            Some(worker) => format!("worker {worker}"),
            None => "no worker".to_owned(),
        };
        let rows = packed.iter().enumerate().map(|(row, slots)| Row {
            label: label(row),
            slots: slots.len().max(1),
        });
        // Without waits and hits, the last row would be empty.
        let shown = if packed[elsewhere].is_empty() {
            elsewhere
        } else {
            elsewhere + 1
        };
        Self {
            rows: rows.take(shown).collect(),
            places,
            workers,
        }
    }
}

/// The first slot that is free when the span starts, or the one that is free the soonest.
fn pack(ends: &mut Vec<f64>, span: &Span, tolerance: f64) -> usize {
    let slot = match ends
        .iter()
        .position(|&end| end - tolerance <= span.start_ms)
    {
        Some(free) => free,
        None if ends.len() < MAX_SLOTS => {
            ends.push(f64::MIN);
            ends.len() - 1
        }
        None => {
            let soonest = ends.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
            soonest.map_or(0, |(slot, _)| slot)
        }
    };
    ends[slot] = ends[slot].max(span.start_ms + span.elapsed_ms);
    slot
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::timeline::Phase;
    use proptest::prelude::*;

    fn span(worker_loop: u32, worker: Option<u32>, start_ms: f64, elapsed_ms: f64) -> Span {
        Span {
            item: 0,
            worker_loop,
            worker,
            phase: Phase::Execution,
            attempt: 1,
            fallback_index: 0,
            start_ms,
            elapsed_ms,
        }
    }

    fn rows(spans: Vec<Span>) -> Rows {
        Rows::of(&Timeline {
            spans,
            ..Timeline::default()
        })
    }

    fn labels(rows: &Rows) -> Vec<&str> {
        rows.rows.iter().map(|row| row.label.as_str()).collect()
    }

    #[test]
    fn worker_loops_have_rows_of_their_own() {
        let rows = rows(vec![span(1, None, 0.0, 1.0), span(0, None, 0.0, 1.0)]);
        assert_eq!(labels(&rows), ["worker loop 0", "worker loop 1"]);
        assert_eq!(rows.places, [(1, 0), (0, 0)]);
    }

    #[test]
    fn very_many_worker_loops_share_rows() {
        let rows = rows(
            (0..1_001)
                .map(|worker_loop| span(worker_loop, None, 0.0, 1.0))
                .collect(),
        );
        assert_eq!(rows.rows.len(), 126);
        assert_eq!(rows.rows[125].label, "worker loops 1000–1000");
        assert_eq!((rows.rows[0].slots, rows.rows[125].slots), (8, 1));
        assert_eq!((rows.places[9], rows.places[1_000]), ((1, 1), (125, 0)));
    }

    #[test]
    fn workers_have_rows_and_what_no_worker_has_is_below() {
        let spans = vec![
            span(0, None, 0.0, 5.0),
            span(0, Some(4), 5.0, 1.0),
            span(1, Some(2), 0.0, 9.0),
        ];
        let rows = rows(spans);
        assert_eq!(labels(&rows), ["worker 2", "worker 4", "no worker"]);
        assert_eq!(rows.places, [(2, 0), (1, 0), (0, 0)]);
        assert_eq!(rows.workers[&4], 1);
    }

    #[test]
    fn no_span_has_no_row() {
        assert!(rows(Vec::new()).rows.is_empty());
    }

    proptest! {
        #[test]
        fn what_overlaps_in_a_worker_lies_in_different_slots(
            times in prop::collection::vec((0_u32..400, 1_u32..50), 1..40)
        ) {
            let spans: Vec<Span> = times
                .iter()
                .map(|&(start, elapsed)| span(0, Some(0), start.into(), elapsed.into()))
                .collect();
            let rows = rows(spans.clone());
            prop_assume!(rows.rows[0].slots < MAX_SLOTS);
            for (a, first) in spans.iter().enumerate() {
                for (b, second) in spans.iter().enumerate().skip(a + 1) {
                    let apart = first.start_ms + first.elapsed_ms <= second.start_ms
                        || second.start_ms + second.elapsed_ms <= first.start_ms;
                    prop_assert!(apart || rows.places[a] != rows.places[b]);
                    prop_assert!(rows.places[a].1 < rows.rows[0].slots);
                }
            }
        }
    }
}
