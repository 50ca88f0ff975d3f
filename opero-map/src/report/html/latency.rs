//! The distribution of the latency as an SVG.
//!
//! Places across it are percentages and there is no view box: so it fills any width, and its text
//! stays as large as it is.

use std::fmt::Write;

use super::words::{counted, duration};
use crate::report::{LatencyBar, Report};

/// Where the bars begin and end, in pixels from the top. Above are the names of the percentiles,
/// below the axis.
const TOP: f64 = 74.0;
const BASELINE: f64 = 234.0;
const HEIGHT: f64 = 258.0;

pub(super) fn chart(report: &Report) -> String {
    let bars = &report.latency_bars;
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else {
        return "<p>No item was run.</p>\n".to_owned();
    };
    let scale = Scale::over(first.from_ms, last.to_ms);
    let mut svg = format!(
        "<svg class=\"distribution\" role=\"img\" aria-labelledby=\"latency latency-words\" width=\"100%\" height=\"{HEIGHT}\">\n\
         <desc id=\"latency-words\">{}</desc>\n",
        in_words(report)
    );
    axis(&mut svg, &scale);
    draw(&mut svg, &scale, bars);
    marks(&mut svg, &scale, report);
    svg.push_str("</svg>\n");
    svg
}

fn in_words(report: &Report) -> String {
    let latency = report.latency_ms;
    format!(
        "Of {}, half took no longer than {}, 95 % no longer than {}, 99 % no longer than {}, and the slowest {}.",
        counted(report.items.saturating_sub(report.resumed), "item"),
        duration(latency.p50),
        duration(latency.p95),
        duration(latency.p99),
        duration(latency.max),
    )
}

/// From milliseconds to percent of the width, logarithmically.
struct Scale {
    from: f64,
    to: f64,
}

impl Scale {
    /// Returns a scale with a margin, at least a decade long.
    fn over(from_ms: f64, to_ms: f64) -> Self {
        let (from, to) = (log(from_ms), log(to_ms));
        let missing = (1.0 - (to - from)).max(0.0) / 2.0;
        let air = (to - from).max(1.0) * 0.03;
        Self {
            from: from - missing - air,
            to: to + missing + air,
        }
    }

    fn percent(&self, ms: f64) -> f64 {
        ((log(ms) - self.from) / (self.to - self.from) * 100.0).clamp(0.0, 100.0)
    }

    /// Returns where the axis has a number: at each power of ten, and in between where there are
    /// few of them.
    fn ticks(&self) -> Vec<f64> {
        let decades = self.to - self.from;
        let steps: &[f64] = match decades {
            ..2.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        // At most some eight numbers, whatever the range.
        let every = (decades / 8.0).ceil().max(1.0);
        let mut ticks = Vec::new();
        let mut power = (self.from / every).floor() * every;
        while power <= self.to {
            ticks.extend(steps.iter().map(|step| step * 10_f64.powf(power)));
            power += every;
        }
        ticks.retain(|&ms| (self.from..=self.to).contains(&log(ms)));
        ticks
    }
}

/// Decades of milliseconds. Nothing is shorter than a nanosecond.
fn log(ms: f64) -> f64 {
    ms.max(1e-6).log10()
}

fn axis(svg: &mut String, scale: &Scale) {
    for ms in scale.ticks() {
        let x = scale.percent(ms);
        let anchor = anchor(x);
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{TOP}\" y2=\"{BASELINE}\"/>\
             <text x=\"{x:.2}%\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
            duration(ms),
            y = BASELINE + 18.0,
        );
    }
    let _ = writeln!(
        svg,
        "<line class=\"baseline\" x1=\"0\" x2=\"100%\" y1=\"{BASELINE}\" y2=\"{BASELINE}\"/>"
    );
}

/// Text near an edge stays inside.
fn anchor(percent: f64) -> &'static str {
    match percent {
        ..6.0 => "start",
        ..94.0 => "middle",
        _ => "end",
    }
}

fn draw(svg: &mut String, scale: &Scale, bars: &[LatencyBar]) {
    // Bars are not equally wide, so their height is the number of items by the width.
    let density =
        |bar: &LatencyBar| bar.items as f64 / (log(bar.to_ms) - log(bar.from_ms)).max(1e-3);
    let highest = bars.iter().map(density).fold(f64::MIN_POSITIVE, f64::max);
    svg.push_str("<g class=\"bars\">\n");
    for bar in bars {
        let (x, end) = (scale.percent(bar.from_ms), scale.percent(bar.to_ms));
        // A single item among millions is seen, too.
        let height = (density(bar) / highest * (BASELINE - TOP)).max(2.0);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.2}%\" width=\"{:.2}%\" y=\"{:.1}\" height=\"{height:.1}\"><title>{}: {} to {}</title></rect>",
            (end - x - 0.08).max(0.1),
            BASELINE - height,
            counted(bar.items, "item"),
            duration(bar.from_ms),
            duration(bar.to_ms),
        );
    }
    svg.push_str("</g>\n");
}

/// The percentiles, each named on a line of its own so that no two names meet.
fn marks(svg: &mut String, scale: &Scale, report: &Report) {
    let latency = report.latency_ms;
    let marks = [
        ("max", latency.max),
        ("p99", latency.p99),
        ("p95", latency.p95),
        ("p50", latency.p50),
    ];
    for (line, (name, ms)) in marks.into_iter().enumerate() {
        let x = scale.percent(ms);
        let y = 13.0 + 16.0 * line as f64;
        let (anchor, dx) = if x > 55.0 { ("end", -5) } else { ("start", 5) };
        let _ = writeln!(
            svg,
            "<line class=\"mark\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"{:.0}\" y2=\"{BASELINE}\"/>\
             <text class=\"name\" x=\"{x:.2}%\" y=\"{y:.0}\" dx=\"{dx}\" text-anchor=\"{anchor}\">{name} {}</text>",
            y - 10.0,
            duration(ms),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_axis_has_some_numbers_whatever_the_range() {
        for (from, to) in [(1.0, 1.2), (0.001, 10.0), (1e-6, 1e9), (0.0, 0.0)] {
            let ticks = Scale::over(from, to).ticks();
            assert!((1..=9).contains(&ticks.len()), "{from} to {to}: {ticks:?}");
        }
    }

    proptest! {
        #[test]
        fn every_bar_is_within_the_chart(from in 0.0..1e9_f64, factor in 1.0..1e6_f64, at in 0.0..1.0_f64) {
            let scale = Scale::over(from, from * factor);
            let inside = scale.percent(from + (from * factor - from) * at);
            prop_assert!((0.0..=100.0).contains(&inside));
            prop_assert!(scale.percent(from) <= inside && inside <= scale.percent(from * factor));
        }
    }
}
