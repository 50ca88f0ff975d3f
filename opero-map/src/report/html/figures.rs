//! The figures: the most important ones in large, all of them in a table.

use std::fmt::Write;

use super::words::{counted, duration, escaped, rate, share, three_digits};
use crate::report::units::grouped;
use crate::report::{Latency, Report};

/// A headline figure: its name, what it is, and a line about it.
struct Tile {
    name: &'static str,
    figure: String,
    line: String,
    /// `true` if it is about a failure.
    bad: bool,
}

fn tile(name: &'static str, figure: String, line: String) -> Tile {
    let bad = false;
    Tile {
        name,
        figure,
        line,
        bad,
    }
}

pub(super) fn tiles(report: &Report) -> String {
    let mut html = String::new();
    for tile in headlines(report) {
        let class = if tile.bad { " class=\"bad\"" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            html,
            "<div><dt>{}</dt><dd>{}<small{class}>{}</small></dd></div>",
            tile.name, tile.figure, tile.line
        );
    }
    html
}

fn headlines(report: &Report) -> Vec<Tile> {
    let answered = report.cache_hits + report.coalesced;
    let mut tiles = vec![
        Tile {
            bad: report.failed > 0,
            ..tile(
                "Items",
                grouped(report.items),
                match report.failed {
                    0 => "all succeeded".to_owned(),
                    failed => format!(
                        "{} failed, {}",
                        grouped(failed),
                        share(failed, report.items)
                    ),
                },
            )
        },
        tile(
            "Wall time",
            duration(report.wall_s * 1e3),
            rate(report.items, report.wall_s).unwrap_or_default(),
        ),
        tile(
            "Executions",
            grouped(report.executions),
            format!(
                "{}, {}",
                retries(report.retries),
                counted(report.fallbacks, "fallback")
            ),
        ),
        tile(
            "Latency, median",
            latency(report, report.latency_ms.p50),
            match report.has_latency() {
                true => format!("99 % within {}", duration(report.latency_ms.p99)),
                false => "no item was run".to_owned(),
            },
        ),
    ];
    if answered > 0 {
        let line = format!("{} of the items", share(answered, report.items));
        tiles.push(tile("From the cache", grouped(answered), line));
    }
    if report.resumed > 0 {
        let line = format!("{} of the items", share(report.resumed, report.items));
        tiles.push(tile("From earlier runs", grouped(report.resumed), line));
    }
    if report.permit_wait_s > 0.0 {
        let each = three_digits(report.permit_wait_s * 1e3 / report.items.max(1) as f64);
        let line = format!("in sum; {each} ms an item");
        tiles.push(tile(
            "Waiting for permits",
            duration(report.permit_wait_s * 1e3),
            line,
        ));
    }
    if report.workers_started > 0 {
        tiles.push(Tile {
            bad: report.crashes > 0,
            ..tile(
                "Worker processes",
                grouped(report.workers_started),
                format!("started; {} lost", grouped(report.crashes)),
            )
        });
    }
    tiles
}

fn retries(number: u64) -> String {
    match number {
        1 => "1 retry".to_owned(),
        _ => format!("{} retries", grouped(number)),
    }
}

/// What went wrong with the journal, if anything did.
pub(super) fn warning(report: &Report) -> String {
    let Some(error) = &report.journal_error else {
        return String::new();
    };
    format!(
        "<p class=\"warning\">The journal could not keep up its promise: {}. {} not recorded, and a later run does their items \
         again.</p>\n",
        escaped(error),
        match report.unrecorded {
            1 => "1 result is".to_owned(),
            number => format!("{} results are", grouped(number)),
        }
    )
}

/// A latency, where one was measured.
fn latency(report: &Report, ms: f64) -> String {
    match report.has_latency() {
        true => duration(ms),
        false => "–".to_owned(),
    }
}

/// Every figure, with what it means.
pub(super) fn table(report: &Report) -> String {
    let Latency { p50, p95, p99, max } = report.latency_ms;
    let rows = [
        ("Items with a result", grouped(report.items)),
        ("Succeeded", grouped(report.ok)),
        ("Failed", grouped(report.failed)),
        ("Executions of the function", grouped(report.executions)),
        ("Retries", grouped(report.retries)),
        ("Fallback values turned to", grouped(report.fallbacks)),
        ("Results from the cache", grouped(report.cache_hits)),
        ("Results from a concurrent call", grouped(report.coalesced)),
        ("Results from earlier runs", grouped(report.resumed)),
        ("Records of other items than these", grouped(report.stale)),
        (
            "Results that could not be recorded",
            grouped(report.unrecorded),
        ),
        ("Worker processes started", grouped(report.workers_started)),
        ("Worker processes lost", grouped(report.crashes)),
        (
            "Waiting for permits, in sum",
            duration(report.permit_wait_s * 1e3),
        ),
        ("Wall time", duration(report.wall_s * 1e3)),
        ("Latency: half of the items within", latency(report, p50)),
        ("Latency: 95 % within", latency(report, p95)),
        ("Latency: 99 % within", latency(report, p99)),
        ("Latency: the slowest", latency(report, max)),
    ];
    let mut html = String::new();
    for (name, figure) in rows {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{name}</th><td>{figure}</td></tr>"
        );
    }
    html
}
