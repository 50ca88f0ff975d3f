use std::fmt;

/// What a run did.
///
/// Displayed it is a small table; [`Report::to_json`] gives it as one JSON object.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Report {
    /// Items that have a result.
    pub items: u64,
    /// Items that succeeded.
    pub ok: u64,
    /// Items that failed.
    pub failed: u64,
    /// Executions of the function itself, attempts that failed included.
    pub executions: u64,
    /// Results that came out of the cache.
    pub cache_hits: u64,
    /// Results that came from a concurrent call with the same key.
    pub followed: u64,
    /// Further attempts after failed ones.
    pub retries: u64,
    /// How often a fallback value was turned to.
    pub fallbacks: u64,
    /// Seconds waited for permits, summed over all items.
    pub permit_wait_s: f64,
    /// Seconds from the run's start to its end.
    pub wall_s: f64,
    /// How long an item took, from taking it to its result.
    pub latency_ms: Latency,
}

/// Percentiles of a latency, in milliseconds, to about 1 %.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Latency {
    /// Half of the items took no longer.
    pub p50: f64,
    /// 95 % of the items took no longer.
    pub p95: f64,
    /// 99 % of the items took no longer.
    pub p99: f64,
    /// The slowest item.
    pub max: f64,
}

impl Report {
    /// The report as one JSON object, with the names of its fields.
    ///
    /// ```
    /// let json = opero_map::Report::default().to_json();
    /// assert!(json.starts_with(r#"{"items":0,"ok":0,"failed":0,"executions":0,"cache_hits":0"#));
    /// ```
    pub fn to_json(&self) -> String {
        // All of it is numbers, and Rust writes finite ones as JSON does.
        let Latency { p50, p95, p99, max } = self.latency_ms;
        format!(
            concat!(
                r#"{{"items":{},"ok":{},"failed":{},"executions":{},"cache_hits":{},"followed":{},"#,
                r#""retries":{},"fallbacks":{},"permit_wait_s":{},"wall_s":{},"#,
                r#""latency_ms":{{"p50":{},"p95":{},"p99":{},"max":{}}}}}"#
            ),
            self.items,
            self.ok,
            self.failed,
            self.executions,
            self.cache_hits,
            self.followed,
            self.retries,
            self.fallbacks,
            self.permit_wait_s,
            self.wall_s,
            p50,
            p95,
            p99,
            max,
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { p50, p95, p99, max } = self.latency_ms;
        let rows = [
            (
                "items",
                format!("{} ({} ok, {} failed)", self.items, self.ok, self.failed),
            ),
            ("executions", self.executions.to_string()),
            (
                "cache hits",
                format!("{} ({} followed)", self.cache_hits, self.followed),
            ),
            ("retries", self.retries.to_string()),
            ("fallbacks", self.fallbacks.to_string()),
            ("permit wait", format!("{:.3} s in sum", self.permit_wait_s)),
            ("wall time", format!("{:.3} s", self.wall_s)),
            (
                "latency",
                format!("p50 {p50:.3} ms, p95 {p95:.3} ms, p99 {p99:.3} ms, max {max:.3} ms"),
            ),
        ];
        for (place, (name, value)) in rows.iter().enumerate() {
            let end = if place + 1 < rows.len() { "\n" } else { "" };
            write!(f, "{name:<12} {value}{end}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ..Report::default()
        }
    }

    #[test]
    fn the_json_is_what_a_parser_reads() {
        let json: serde_json::Value = serde_json::from_str(&report().to_json()).unwrap();
        assert_eq!(json["items"], 3);
        assert_eq!(json["permit_wait_s"], 1e-9);
        assert_eq!(json["latency_ms"]["p95"], 1e20);
        assert_eq!(json["latency_ms"]["max"], 7.25);
        assert_eq!(json.as_object().unwrap().len(), 11);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_uses_the_same_names() {
        let by_hand: serde_json::Value = serde_json::from_str(&report().to_json()).unwrap();
        assert_eq!(
            serde_json::to_value(report()).unwrap()["items"],
            by_hand["items"]
        );
        let back: Report = serde_json::from_value(by_hand).unwrap();
        assert_eq!(back, report());
    }

    #[test]
    fn the_table_has_a_row_for_each_figure() {
        let table = report().to_string();
        assert!(table.starts_with("items        3 (2 ok, 1 failed)\nexecutions   5\n"));
        assert_eq!(table.lines().count(), 8);
    }
}
