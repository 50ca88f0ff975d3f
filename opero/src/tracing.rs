use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use opero_core::clock::real_now;
use opero_core::sync::lock;
use opero_core::{Event, Instant, Observer, RejectedKind};

/// An observer that passes events on to `tracing`, under the target `opero`.
///
/// Failures and waits are told at debug level, what every call does at trace level, rejections,
/// unreachable backends and results that no journal could take as warnings. Of the calls that a
/// rate limit rejects one a second is told for each function, with the number of those since the
/// last one (`count`). No argument, value, key or password is in them.
///
/// ```
/// opero::observe(opero::TracingObserver);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingObserver;

impl Observer for TracingObserver {
    fn on_event(&self, function: &str, event: &Event<'_>) {
        let name = event.name();
        match event {
            Event::CacheUnavailable { backend, reason }
            | Event::LimiterUnavailable { backend, reason } => {
                tracing::warn!(target: "opero", function, backend, reason, "{name}");
            }
            Event::JournalUnavailable { reason } => {
                tracing::warn!(target: "opero", function, reason, "{name}");
            }
            Event::Rejected {
                kind: kind @ (RejectedKind::RateWait { .. } | RejectedKind::Elapsed { .. }),
            } => {
                if let Some(count) = lock(&RATE_REJECTIONS).add(function, real_now()) {
                    tracing::warn!(target: "opero", function, reason = ?kind, count, "{name}");
                }
            }
            Event::Rejected { kind } => {
                tracing::warn!(target: "opero", function, reason = ?kind, "{name}");
            }
            Event::RetryScheduled { attempt, delay } => {
                tracing::debug!(target: "opero", function, attempt = attempt.number, ?delay, "{name}");
            }
            Event::FallbackUsed { attempt } | Event::GaveUp { attempt } => {
                let (number, fallback_index) = (attempt.number, attempt.fallback_index);
                tracing::debug!(target: "opero", function, attempt = number, fallback_index, "{name}");
            }
            Event::PermitWaited { waited } => {
                tracing::debug!(target: "opero", function, ?waited, "{name}");
            }
            Event::ExecutionEnded {
                attempt,
                elapsed,
                ok,
            } => {
                tracing::trace!(target: "opero", function, attempt = attempt.number, ?elapsed, ok, "{name}");
            }
            _ => tracing::trace!(target: "opero", function, "{name}"),
        }
    }
}

static RATE_REJECTIONS: Mutex<Rejections> = Mutex::new(Rejections(BTreeMap::new()));

/// The time between two warnings of one function's rate limit.
const WARNING_INTERVAL: Duration = Duration::from_secs(1);

/// For each function the last warning, and the rejections since.
#[derive(Debug, Default)]
struct Rejections(BTreeMap<String, (Instant, u64)>);

impl Rejections {
    /// Counts a rejection. Returns how many there were since the last warning, where another one is
    /// due.
    fn add(&mut self, function: &str, now: Instant) -> Option<u64> {
        let Some((warned, count)) = self.0.get_mut(function) else {
            self.0.insert(function.to_owned(), (now, 0));
            return Some(1);
        };
        *count += 1;
        if now.since(*warned) < WARNING_INTERVAL {
            return None;
        }
        *warned = now;
        Some(std::mem::take(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_limit_under_load_warns_once_a_second_with_a_count() {
        let mut rejections = Rejections::default();
        let start = real_now();
        let mut told = Vec::new();
        for millis in 0..2_500 {
            told.extend(rejections.add("f", start + Duration::from_millis(millis)));
        }
        assert_eq!(told, [1, 1_000, 1_000]);
        assert_eq!(rejections.add("another", start), Some(1));
    }
}
