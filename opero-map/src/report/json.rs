//! The report as JSON, written by hand: serde_json would cost users without serde 11 s of build
//! time.

use std::fmt::{Display, Write};

use super::timeline::{Span, Timeline, WorkerChange};
use super::{Latency, LatencyBar, Report};

/// What derived `Serialize` writes, too.
pub(super) fn of(report: &Report) -> String {
    let Latency { p50, p95, p99, max } = report.latency_ms;
    let mut latency = Object::default();
    for (name, value) in [("p50", p50), ("p95", p95), ("p99", p99), ("max", max)] {
        latency.field(name, value);
    }
    let mut object = Object::default();
    for (name, count) in [
        ("items", report.items),
        ("ok", report.ok),
        ("failed", report.failed),
        ("executions", report.executions),
        ("cache_hits", report.cache_hits),
        ("coalesced", report.coalesced),
        ("retries", report.retries),
        ("fallbacks", report.fallbacks),
        ("resumed", report.resumed),
        ("stale", report.stale),
        ("unrecorded", report.unrecorded),
        ("workers_started", report.workers_started),
        ("crashes", report.crashes),
    ] {
        object.field(name, count);
    }
    object.field(
        "journal_error",
        or_null(report.journal_error.as_deref().map(text)),
    );
    object.field("permit_wait_s", report.permit_wait_s);
    object.field("wall_s", report.wall_s);
    object.field("latency_ms", latency.end());
    object.field("latency_bars", array(&report.latency_bars, bar));
    object.field("function", text(&report.function));
    object.field("started_at_s", report.started_at_s);
    if let Some(kept) = &report.timeline {
        object.field("timeline", timeline(kept));
    }
    object.end()
}

fn timeline(timeline: &Timeline) -> String {
    let mut object = Object::default();
    object.field("items", timeline.items);
    object.field("shown", timeline.shown);
    object.field("one_in", timeline.one_in);
    object.field("spans", array(&timeline.spans, span));
    object.field("workers", array(&timeline.workers, change));
    object.end()
}

fn bar(bar: &LatencyBar) -> String {
    let mut object = Object::default();
    object.field("from_ms", bar.from_ms);
    object.field("to_ms", bar.to_ms);
    object.field("items", bar.items);
    object.end()
}

fn span(span: &Span) -> String {
    let mut object = Object::default();
    object.field("item", span.item);
    object.field("worker_loop", span.worker_loop);
    object.field("worker", or_null(span.worker));
    object.field("phase", text(span.phase.name()));
    object.field("attempt", span.attempt);
    object.field("fallback_index", span.fallback_index);
    object.field("start_ms", span.start_ms);
    object.field("elapsed_ms", span.elapsed_ms);
    object.end()
}

fn change(change: &WorkerChange) -> String {
    let mut object = Object::default();
    object.field("worker", change.worker);
    object.field("at_ms", change.at_ms);
    object.field("pid", or_null(change.pid));
    object.field("signal", or_null(change.signal));
    object.field("code", or_null(change.code));
    object.end()
}

/// An object that is being written.
#[derive(Default)]
struct Object(String);

impl Object {
    /// Adds a field whose value is JSON already: a number, of which Rust writes finite ones as JSON
    /// does, or what the functions here made. Names need no escaping.
    fn field(&mut self, name: &str, value: impl Display) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        // Writing to a string cannot fail.
        let _ = write!(self.0, "\"{name}\":{value}");
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn array<T>(values: &[T], json: fn(&T) -> String) -> String {
    let mut array = String::from("[");
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            array.push(',');
        }
        array.push_str(&json(value));
    }
    array.push(']');
    array
}

fn or_null(value: Option<impl Display>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

fn text(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::timeline::Phase;
    use proptest::prelude::*;

    fn report() -> Report {
        Report {
            items: 3,
            ok: 2,
            failed: 1,
            executions: 5,
            permit_wait_s: 1e-9,
            latency_ms: Latency {
                p50: 0.5,
                p95: 1e20,
                p99: 1.0,
                max: 7.25,
            },
            latency_bars: vec![
                LatencyBar {
                    from_ms: 0.25,
                    to_ms: 0.5,
                    items: 3,
                };
                2
            ],
            journal_error: Some("\"full\"".into()),
            function: "fetch".into(),
            started_at_s: 1.5e9,
            timeline: Some(Timeline {
                items: 3,
                shown: 3,
                one_in: 1,
                spans: Phase::ALL.map(spanning).into(),
                workers: vec![WorkerChange {
                    worker: 1,
                    at_ms: 2.0,
                    pid: None,
                    signal: Some(9),
                    code: None,
                }],
            }),
            ..Report::default()
        }
    }

    fn spanning(phase: Phase) -> Span {
        Span {
            item: 2,
            worker_loop: 1,
            worker: (phase == Phase::Execution).then_some(4),
            phase,
            attempt: 1,
            fallback_index: 0,
            start_ms: 0.125,
            elapsed_ms: 1e-6,
        }
    }

    #[test]
    fn the_json_is_what_a_parser_reads() {
        let json: serde_json::Value = serde_json::from_str(&report().to_json()).unwrap();
        assert_eq!(json["items"], 3);
        assert_eq!(json["permit_wait_s"], 1e-9);
        assert_eq!(json["latency_ms"]["p95"], 1e20);
        assert_eq!(json["latency_ms"]["max"], 7.25);
        assert_eq!(json["function"], "fetch");
        assert_eq!(json["timeline"]["spans"][1]["phase"], "failed_execution");
        assert_eq!(json["timeline"]["workers"][0]["signal"], 9);
        assert_eq!(json.as_object().unwrap().len(), 21);
        let bare: serde_json::Value = serde_json::from_str(&Report::default().to_json()).unwrap();
        assert_eq!(bare.as_object().unwrap().len(), 20);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_writes_and_reads_the_same() {
        /// The names alone.
        fn names(value: &serde_json::Value) -> serde_json::Value {
            match value {
                serde_json::Value::Array(values) => values.iter().map(names).collect(),
                serde_json::Value::Object(fields) => {
                    let fields = fields
                        .iter()
                        .map(|(name, value)| (name.clone(), names(value)));
                    fields.collect()
                }
                _ => serde_json::Value::Null,
            }
        }
        for report in [report(), Report::default()] {
            let by_hand: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
            let derived = serde_json::to_value(&report).unwrap();
            assert_eq!(names(&by_hand), names(&derived));
            for json in [by_hand, derived] {
                assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_quoted_as_a_parser_reads_it(name: String) {
            prop_assert_eq!(serde_json::from_str::<String>(&text(&name)).unwrap(), name);
        }
    }
}
