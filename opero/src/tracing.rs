use opero_core::{Event, Observer};

/// An observer that passes events on to `tracing`, under the target `opero`.
///
/// Failures and waits are told at debug level, what every call does at trace level, refusals, unreachable backends and
/// results that no journal could take as warnings. No argument, value, key or password is in them.
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
            Event::Refused { kind } => {
                tracing::warn!(target: "opero", function, reason = ?kind, "{name}");
            }
            Event::RetryScheduled { attempt, delay } => {
                tracing::debug!(target: "opero", function, attempt = attempt.number, ?delay, "{name}");
            }
            Event::FallbackUsed { attempt } | Event::GaveUp { attempt } => {
                let (number, alternative) = (attempt.number, attempt.alternative);
                tracing::debug!(target: "opero", function, attempt = number, alternative, "{name}");
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
