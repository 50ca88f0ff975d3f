use std::time::Duration;

use opero_core::{Attempt, Event, Instant};

use super::{Phase, Timeline};

/// Builds spans from the events of one item. The caller passes the time: it reads no clock.
#[derive(Debug, Default)]
pub(crate) struct SpanBuilder {
    spans: Vec<RawSpan>,
    /// Where the last span ended.
    mark: Instant,
    /// The attempt that goes on, or the next one.
    attempt: Option<Attempt>,
    running: Option<Running>,
    /// Since when it has waited for another attempt.
    backoff: Option<Instant>,
}

/// A span without its item and worker loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawSpan {
    pub(crate) phase: Phase,
    pub(crate) worker: Option<usize>,
    pub(crate) attempt: Option<Attempt>,
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

/// An execution that has not ended.
#[derive(Debug)]
struct Running {
    attempt: Attempt,
    /// Since when it has been with its worker, or in the worker loop.
    start: Instant,
    worker: Option<usize>,
}

impl SpanBuilder {
    /// Returns `true` if the event changes the spans. For others the clock need not be read.
    pub(crate) fn handles(event: &Event<'_>) -> bool {
        matches!(
            event,
            Event::ExecutionStarted { .. }
                | Event::ExecutionEnded { .. }
                | Event::ExecutedBy { .. }
                | Event::PermitWaited { .. }
                | Event::RetryScheduled { .. }
                | Event::FallbackUsed { .. }
                | Event::CacheHit
                | Event::CacheCoalesced
                | Event::Rejected { .. }
        )
    }

    /// Begins the spans of another item.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.spans.clear();
        self.mark = now;
        self.attempt = None;
        self.running = None;
        self.backoff = None;
    }

    /// Adds what the event tells.
    pub(crate) fn event(&mut self, now: Instant, event: &Event<'_>) {
        match *event {
            Event::ExecutionStarted { attempt } => {
                self.end_backoff(now);
                self.attempt = Some(attempt);
                let (start, worker) = (now, None);
                self.running = Some(Running {
                    attempt,
                    start,
                    worker,
                });
            }
            Event::ExecutedBy {
                worker,
                waited,
                elapsed,
            } => self.executed_by(now, worker, waited, elapsed),
            Event::ExecutionEnded { ok, .. } => self.end_execution(now, ok),
            Event::PermitWaited { waited } => {
                let start = before(now, waited);
                self.end_backoff(start);
                self.attempt.get_or_insert(Attempt::FIRST);
                self.add(Phase::PermitWait, start, now);
            }
            Event::RetryScheduled { attempt, .. } => {
                self.attempt = Some(attempt.next());
                self.backoff = Some(now);
            }
            Event::FallbackUsed { attempt } => self.attempt = Some(attempt),
            Event::CacheHit => self.add(Phase::CacheHit, self.mark, now),
            Event::CacheCoalesced => self.add(Phase::Coalesced, self.mark, now),
            // A rejection within an execution, for its time say, is how that one fails.
            Event::Rejected { .. } if self.running.is_none() => {
                self.end_backoff(now);
                self.add(Phase::Rejected, self.mark, now);
            }
            _ => {}
        }
    }

    /// Ends the item and returns its spans.
    pub(crate) fn end(&mut self, now: Instant) -> &[RawSpan] {
        // Without an end event the item timed out or panicked.
        self.end_execution(now, false);
        self.end_backoff(now);
        &self.spans
    }

    /// Notes the worker and the time of an execution whose end event follows.
    fn executed_by(&mut self, now: Instant, worker: usize, waited: Duration, elapsed: Duration) {
        let Some(running) = &self.running else { return };
        let (attempt, sent) = (running.attempt, running.start);
        let start = before(now, elapsed).max(sent);
        self.running = Some(Running {
            attempt,
            start,
            worker: Some(worker),
        });
        if !waited.is_zero() {
            self.add(Phase::WorkerWait, before(start, waited).max(sent), start);
        }
    }

    fn end_execution(&mut self, now: Instant, ok: bool) {
        let Some(running) = self.running.take() else {
            return;
        };
        let phase = match ok {
            true => Phase::Execution,
            false => Phase::FailedExecution,
        };
        self.push(RawSpan {
            phase,
            worker: running.worker,
            attempt: Some(running.attempt),
            start: running.start,
            end: now,
        });
    }

    /// Ends the wait between attempts, if there is one. A late timer makes it longer than
    /// scheduled.
    fn end_backoff(&mut self, at: Instant) {
        if let Some(start) = self.backoff.take() {
            self.add(Phase::Backoff, start, at.max(start));
        }
    }

    fn add(&mut self, phase: Phase, start: Instant, end: Instant) {
        self.push(RawSpan {
            phase,
            worker: None,
            attempt: self.attempt,
            start,
            end,
        });
    }

    fn push(&mut self, span: RawSpan) {
        self.mark = self.mark.max(span.end);
        if self.spans.len() < Timeline::MAX_SPANS_PER_ITEM {
            self.spans.push(span);
        }
    }
}

fn before(now: Instant, duration: Duration) -> Instant {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    Instant::from_nanos(now.as_nanos().saturating_sub(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use opero_core::RejectedKind;

    fn at(ms: u64) -> Instant {
        Instant::from_nanos(ms * 1_000_000)
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// What the spans of these events are: phase, attempt, worker, start and end.
    fn spans(
        events: &[(u64, Event<'_>)],
        end: u64,
    ) -> Vec<(Phase, u32, Option<usize>, Instant, Instant)> {
        let mut builder = SpanBuilder::default();
        builder.begin(at(0));
        for (now, event) in events {
            assert!(SpanBuilder::handles(event), "{event:?}");
            builder.event(at(*now), event);
        }
        let number = |span: &RawSpan| span.attempt.map_or(0, |attempt| attempt.number);
        let spans = builder.end(at(end)).iter();
        spans
            .map(|d| (d.phase, number(d), d.worker, d.start, d.end))
            .collect()
    }

    const FIRST: Attempt = Attempt::FIRST;

    fn started(attempt: Attempt) -> Event<'static> {
        Event::ExecutionStarted { attempt }
    }

    fn ended(attempt: Attempt, ok: bool) -> Event<'static> {
        let elapsed = Duration::ZERO;
        Event::ExecutionEnded {
            attempt,
            elapsed,
            ok,
        }
    }

    #[test]
    fn permits_attempts_and_backoff_follow_each_other() {
        let second = FIRST.next();
        let events = [
            (5, Event::PermitWaited { waited: ms(5) }),
            (5, started(FIRST)),
            (10, ended(FIRST, false)),
            (
                10,
                Event::RetryScheduled {
                    attempt: FIRST,
                    delay: ms(20),
                },
            ),
            (40, Event::PermitWaited { waited: ms(9) }),
            (40, started(second)),
            (45, ended(second, true)),
        ];
        assert_eq!(
            spans(&events, 45),
            [
                (Phase::PermitWait, 1, None, at(0), at(5)),
                (Phase::FailedExecution, 1, None, at(5), at(10)),
                (Phase::Backoff, 2, None, at(10), at(31)),
                (Phase::PermitWait, 2, None, at(31), at(40)),
                (Phase::Execution, 2, None, at(40), at(45)),
            ]
        );
    }

    #[test]
    fn a_worker_is_waited_for_before_it_executes() {
        let by = Event::ExecutedBy {
            worker: 3,
            waited: ms(4),
            elapsed: ms(6),
        };
        let events = [(2, started(FIRST)), (12, by), (12, ended(FIRST, true))];
        assert_eq!(
            spans(&events, 12),
            [
                (Phase::WorkerWait, 1, None, at(2), at(6)),
                (Phase::Execution, 1, Some(3), at(6), at(12)),
            ]
        );
    }

    #[test]
    fn what_has_no_end_event_ends_with_the_item() {
        assert_eq!(
            spans(&[(1, started(FIRST))], 7),
            [(Phase::FailedExecution, 1, None, at(1), at(7))]
        );
        let scheduled = Event::RetryScheduled {
            attempt: FIRST,
            delay: ms(100),
        };
        assert_eq!(
            spans(&[(1, scheduled)], 7),
            [(Phase::Backoff, 2, None, at(1), at(7))]
        );
    }

    #[test]
    fn results_from_elsewhere_took_as_long_as_they_were_waited_for() {
        assert_eq!(
            spans(&[(3, Event::CacheHit)], 3),
            [(Phase::CacheHit, 0, None, at(0), at(3))]
        );
        assert_eq!(
            spans(&[(9, Event::CacheCoalesced)], 9),
            [(Phase::Coalesced, 0, None, at(0), at(9))]
        );
    }

    #[test]
    fn a_rejection_counts_by_itself_only_outside_of_executions() {
        let kind = &RejectedKind::AttemptTimeout { limit: ms(5) };
        let rejected = Event::Rejected { kind };
        assert_eq!(
            spans(&[(2, rejected)], 2),
            [(Phase::Rejected, 0, None, at(0), at(2))]
        );
        let late = [(0, started(FIRST)), (5, rejected), (5, ended(FIRST, false))];
        assert_eq!(
            spans(&late, 5),
            [(Phase::FailedExecution, 1, None, at(0), at(5))]
        );
    }

    #[test]
    fn the_spans_of_one_item_are_bounded() {
        let events: Vec<_> = (0..1_000).map(|now| (now, Event::CacheHit)).collect();
        assert_eq!(spans(&events, 1_000).len(), Timeline::MAX_SPANS_PER_ITEM);
    }
}
