//! The timeline's section: the data for the drawing, its legend, and the rows as a table for who
//! does not see it.

use std::fmt::Write;

use super::rows::Rows;
use super::words::{counted, duration};
use crate::report::Report;
use crate::report::timeline::{Phase, Timeline};
use crate::report::units::grouped;

pub(super) fn section(report: &Report) -> String {
    let Some(timeline) = &report.timeline else {
        return String::new();
    };
    let rows = Rows::of(timeline);
    format!(
        "<section aria-labelledby=\"timeline\">\n\
         <h2 id=\"timeline\">Timeline</h2>\n\
         <p class=\"note\">{}</p>\n\
         <ul class=\"legend\">\n{}</ul>\n\
         <div class=\"chart\">\n\
         <canvas id=\"rows\" tabindex=\"0\" role=\"application\" aria-roledescription=\"timeline\" aria-label=\"{}\" aria-describedby=\"keys\"></canvas>\n\
         <div id=\"tip\" class=\"tip\" hidden></div>\n\
         </div>\n\
         <div class=\"tools\">\n\
         <button type=\"button\" id=\"in\" aria-label=\"Closer\">+</button>\n\
         <button type=\"button\" id=\"out\" aria-label=\"Farther\">−</button>\n\
         <button type=\"button\" id=\"all\">Whole run</button>\n\
         <span id=\"keys\" class=\"note\">Drag to look closer, point for details; or the keys: arrows, +, −, 0.</span>\n\
         <output id=\"said\" class=\"spoken\"></output>\n\
         </div>\n\
         <noscript><p>The drawing needs the page’s own script; the table has its figures.</p></noscript>\n\
         {}\
         <script type=\"application/json\" id=\"spans\">{}</script>\n\
         </section>\n",
        extent(timeline),
        legend(timeline),
        label(timeline, &rows),
        table(timeline, &rows),
        data(report, timeline, &rows),
    )
}

/// How much of the run it shows.
fn extent(timeline: &Timeline) -> String {
    match timeline.one_in {
        0 | 1 => format!("All of {}.", counted(timeline.items, "item")),
        one_in => format!(
            "{} of {}: one in {}, evenly over the whole run.",
            grouped(timeline.shown),
            counted(timeline.items, "item"),
            grouped(one_in)
        ),
    }
}

fn label(timeline: &Timeline, rows: &Rows) -> String {
    let failed = timeline
        .spans
        .iter()
        .filter(|span| span.phase == Phase::FailedExecution);
    format!(
        "Timeline with {} and {}, {} of them failed executions. The table below has the figures of each row.",
        counted(rows.rows.len() as u64, "row"),
        counted(timeline.spans.len() as u64, "span"),
        grouped(failed.count() as u64),
    )
}

/// What stands for what, in the shapes that the drawing has: no phase is known by its colour alone.
const SWATCHES: [(Phase, &str, &str); 8] = [
    (
        Phase::Execution,
        "executed",
        "<rect y=\"1\" width=\"26\" height=\"12\" fill=\"var(--ok)\"/><rect y=\"1\" width=\"1.5\" height=\"12\" fill=\"var(--ok-edge)\"/>",
    ),
    (
        Phase::FailedExecution,
        "failed",
        "<rect y=\"1\" width=\"26\" height=\"12\" fill=\"var(--fail)\"/>\
         <path d=\"M0 10l9-9M4 13l12-12M11 13l12-12M18 13l8-8\" stroke=\"var(--fail-mark)\" stroke-width=\"1.4\"/>",
    ),
    (
        Phase::PermitWait,
        "waits for a permit",
        "<rect x=\".5\" y=\"7.5\" width=\"25\" height=\"5\" fill=\"none\" stroke=\"var(--permit)\"/>",
    ),
    (
        Phase::WorkerWait,
        "waits for a worker",
        "<path d=\"M0 10h26\" stroke=\"var(--worker)\" stroke-width=\"6\" stroke-dasharray=\"2 1\"/>",
    ),
    (
        Phase::Backoff,
        "waits to try again",
        "<path d=\"M0 7h26\" stroke=\"var(--backoff)\" stroke-width=\"2\" stroke-dasharray=\"3 3\"/>",
    ),
    (
        Phase::CacheHit,
        "from the cache",
        "<path d=\"M13 2l5 5-5 5-5-5z\" fill=\"var(--hit)\"/>",
    ),
    (
        Phase::Coalesced,
        "from a concurrent call",
        "<path d=\"M0 7h16m5-5l5 5-5 5-5-5z\" fill=\"none\" stroke=\"var(--hit)\" stroke-width=\"1.5\"/>",
    ),
    (
        Phase::Rejected,
        "rejected",
        "<path d=\"M8 2l10 10m0-10L8 12\" stroke=\"var(--fail)\" stroke-width=\"2\"/>",
    ),
];

const STARTED: &str = "<path d=\"M13 0v14\" stroke=\"var(--start)\" stroke-width=\"1.5\"/>";
const LOST: &str =
    "<path d=\"M13 0v14M9 1l8 8m0-8l-8 8\" stroke=\"var(--fail)\" stroke-width=\"2\"/>";

fn legend(timeline: &Timeline) -> String {
    let there = |phase: Phase| timeline.spans.iter().any(|span| span.phase == phase);
    let lost = |lost: bool| {
        timeline
            .workers
            .iter()
            .any(|change| change.is_loss() == lost)
    };
    let phases = SWATCHES.iter().filter(|(phase, ..)| there(*phase));
    let phases = phases.map(|(_, name, shape)| (*name, *shape));
    let started = lost(false).then_some(("worker starts", STARTED));
    let gone = lost(true).then_some(("worker lost", LOST));
    let mut html = String::new();
    for (name, shape) in phases.chain(started).chain(gone) {
        // Writing to a string cannot fail.
        let _ = writeln!(
            html,
            "<li><svg width=\"26\" height=\"14\" aria-hidden=\"true\">{shape}</svg>{name}</li>"
        );
    }
    html
}

/// Each row's figures.
#[derive(Clone, Default)]
struct Figures {
    executed: u64,
    failed: u64,
    answered: u64,
    executing_ms: f64,
    waiting_ms: f64,
}

fn table(timeline: &Timeline, rows: &Rows) -> String {
    let mut figures = vec![Figures::default(); rows.rows.len()];
    for (span, (row, _)) in timeline.spans.iter().zip(&rows.places) {
        let Some(row) = figures.get_mut(*row) else {
            continue;
        };
        match span.phase {
            Phase::Execution | Phase::FailedExecution => {
                row.executed += 1;
                row.failed += u64::from(span.phase == Phase::FailedExecution);
                row.executing_ms += span.elapsed_ms;
            }
            Phase::CacheHit | Phase::Coalesced => row.answered += 1,
            Phase::PermitWait | Phase::WorkerWait | Phase::Backoff => {
                row.waiting_ms += span.elapsed_ms;
            }
            Phase::Rejected => {}
        }
    }
    let mut html = String::from(
        "<details>\n<summary>The rows as a table</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"The rows as a table\">\n\
         <table>\n<thead><tr><th scope=\"col\">row</th><th scope=\"col\">executions</th><th scope=\"col\">failed</th>\
         <th scope=\"col\">executing</th><th scope=\"col\">waiting</th><th scope=\"col\">from the cache</th></tr></thead>\n<tbody>\n",
    );
    for (row, figures) in rows.rows.iter().zip(&figures) {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            row.label,
            grouped(figures.executed),
            grouped(figures.failed),
            duration(figures.executing_ms),
            duration(figures.waiting_ms),
            grouped(figures.answered),
        );
    }
    html.push_str("</tbody>\n</table>\n</div>\n</details>\n");
    html
}

/// What the script draws: rows, and eight numbers for each span. It is all numbers and the labels
/// made here.
fn data(report: &Report, timeline: &Timeline, rows: &Rows) -> String {
    let ends = timeline
        .spans
        .iter()
        .map(|span| span.start_ms + span.elapsed_ms);
    let wall = ends.fold(report.wall_s * 1e3, f64::max);
    let mut json = format!("{{\"wall\":{wall},\"rows\":[");
    for (place, row) in rows.rows.iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        let _ = write!(
            json,
            "{comma}{{\"label\":\"{}\",\"slots\":{}}}",
            row.label, row.slots
        );
    }
    json.push_str("],\"spans\":[");
    let mut comma = "";
    for (span, (row, slot)) in timeline.spans.iter().zip(&rows.places) {
        let phase = number(span.phase);
        let _ = write!(
            json,
            "{comma}{row},{slot},{phase},{},{},{},{},{}",
            span.item, span.attempt, span.fallback_index, span.start_ms, span.elapsed_ms
        );
        comma = ",\n";
    }
    for change in &timeline.workers {
        let Some(row) = rows.workers.get(&change.worker) else {
            continue;
        };
        // In the places of attempt and fallback index: the process id, or how it ended.
        let (phase, first, second) = match change.pid {
            Some(pid) => (8, pid.to_string(), "null".to_owned()),
            None => (9, or_null(change.signal), or_null(change.code)),
        };
        let _ = write!(
            json,
            "{comma}{row},0,{phase},-1,{first},{second},{},0",
            change.at_ms
        );
        comma = ",\n";
    }
    json.push_str("]}");
    json
}

fn or_null(number: Option<i32>) -> String {
    number.map_or_else(|| "null".to_owned(), |number| number.to_string())
}

/// The phase's number in the script.
const fn number(phase: Phase) -> u8 {
    match phase {
        Phase::Execution => 0,
        Phase::FailedExecution => 1,
        Phase::PermitWait => 2,
        Phase::WorkerWait => 3,
        Phase::Backoff => 4,
        Phase::CacheHit => 5,
        Phase::Coalesced => 6,
        Phase::Rejected => 7,
    }
}
