use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Once};

use opero::Event;
use opero::extend::Attempt;
use opero::opero_core::sync::lock;

/// What happened to one function, in order: the events of its stages, and what the recorders around them noted.
///
/// Events come to it through the process's observers, since a decorated function has no other; so traces are found by the
/// function's name, and each test has functions of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<String>>>);

static TRACES: Mutex<BTreeMap<String, Trace>> = Mutex::new(BTreeMap::new());

impl Trace {
    /// The trace of the function or pipeline of that name.
    pub(crate) fn of(name: &str) -> Self {
        static WATCH: Once = Once::new();
        WATCH.call_once(|| {
            opero::observe(|function: &str, event: &Event<'_>| {
                let trace = lock(&TRACES).get(function).cloned();
                if let Some(trace) = trace {
                    trace.note(line(event));
                }
            });
        });
        lock(&TRACES).entry(name.to_owned()).or_default().clone()
    }

    pub(crate) fn note(&self, line: impl Into<String>) {
        lock(&self.0).push(line.into());
    }

    /// How many lines there are so far.
    pub(crate) fn len(&self) -> usize {
        lock(&self.0).len()
    }

    /// The lines so far; the next ones begin a new trace.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.0))
    }
}

/// An event as a line; attempts as `number.fallback_index`.
fn line(event: &Event<'_>) -> String {
    let name = event.name();
    let at = |attempt: &Attempt| format!("{name} {}.{}", attempt.number, attempt.fallback_index);
    match event {
        Event::ExecutionStarted { attempt }
        | Event::FallbackUsed { attempt }
        | Event::GaveUp { attempt } => at(attempt),
        Event::ExecutionEnded { attempt, ok, .. } => {
            format!("{} {}", at(attempt), if *ok { "ok" } else { "failed" })
        }
        Event::RetryScheduled { attempt, delay } => format!("{} in {delay:?}", at(attempt)),
        Event::PermitWaited { waited } => format!("{name} {waited:?}"),
        Event::CacheUnavailable { backend, reason }
        | Event::CacheRejected { backend, reason }
        | Event::LimiterUnavailable { backend, reason } => format!("{name} {backend}: {reason}"),
        Event::Rejected { kind } => format!("{name} {kind:?}"),
        _ => name.to_owned(),
    }
}
