//! The report as a small table of text.

use std::fmt;

use super::{Latency, Report};

/// A row for each figure. Those about workers and earlier runs only where there were any: most runs
/// know neither. None about the latency where all results are from earlier runs.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { p50, p95, p99, max } = self.latency_ms;
        let rows = [
            Some((
                "items",
                format!("{} ({} ok, {} failed)", self.items, self.ok, self.failed),
            )),
            (self.resumed + self.stale > 0).then(|| {
                let stale = match self.stale {
                    0 => String::new(),
                    stale => format!(" ({stale} records of other items)"),
                };
                ("resumed", format!("{}{stale}", self.resumed))
            }),
            self.journal_error.as_ref().map(|error| {
                let lost = self.unrecorded;
                ("journal", format!("{lost} results not recorded ({error})"))
            }),
            Some(("executions", self.executions.to_string())),
            Some((
                "cache hits",
                format!("{} ({} coalesced)", self.cache_hits, self.coalesced),
            )),
            Some(("retries", self.retries.to_string())),
            Some(("fallbacks", self.fallbacks.to_string())),
            (self.workers_started + self.crashes > 0).then(|| {
                let (started, lost) = (self.workers_started, self.crashes);
                ("workers", format!("{started} started, {lost} lost"))
            }),
            Some(("permit wait", format!("{:.3} s in sum", self.permit_wait_s))),
            Some(("wall time", format!("{:.3} s", self.wall_s))),
            self.has_latency().then(|| {
                let figures = [("p50", p50), ("p95", p95), ("p99", p99), ("max", max)];
                let figures = figures.map(|(name, ms)| format!("{name} {ms:.3} ms"));
                ("latency", figures.join(", "))
            }),
        ];
        let mut end = "";
        for (name, value) in rows.iter().flatten() {
            write!(f, "{end}{name:<12} {value}")?;
            end = "\n";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::LatencyBar;

    #[test]
    fn the_table_has_a_row_for_each_figure() {
        let mut report = Report {
            items: 3,
            ok: 2,
            failed: 1,
            executions: 5,
            ..Report::default()
        };
        let table = report.to_string();
        assert!(table.starts_with("items        3 (2 ok, 1 failed)\nexecutions   5\n"));
        // Nothing was measured.
        assert_eq!(table.lines().count(), 7);
        (report.resumed, report.workers_started, report.crashes) = (1, 3, 1);
        let table = report.to_string();
        assert!(table.contains("\nresumed      1\nexecutions   5\n"));
        assert!(table.contains("\nworkers      3 started, 1 lost\n"));
        assert_eq!(table.lines().count(), 9);
        report.latency_bars = vec![LatencyBar {
            from_ms: 1.0,
            to_ms: 2.0,
            items: 2,
        }];
        report.latency_ms.p50 = 1.5;
        let table = report.to_string();
        assert!(table.contains("\nlatency      p50 1.500 ms, p95 0.000 ms, "));
    }
}
