//! The rows, as a table and as JSON.

use serde_json::{Value, json};

use crate::harness::Measured;

/// One comparison: ours first, then the peers.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) measured: Vec<Measured>,
    /// The peers that are not on this machine, and why.
    pub(crate) missing: Vec<(&'static str, String)>,
}

impl Row {
    /// A line for each peer, as Markdown.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Some((ours, peers)) = self.measured.split_first() else {
            return Vec::new();
        };
        let lines = peers.iter().map(|peer| {
            line([
                self.name,
                &nanoseconds(ours.ns),
                peer.name,
                &nanoseconds(peer.ns),
                &format!("{:.2}", ours.ns / peer.ns),
                &allocations(ours.allocations).to_string(),
                &allocations(peer.allocations).to_string(),
            ])
        });
        let missing = self.missing.iter().map(|(peer, why)| {
            let name = self.name;
            format!(
                "| {name:<20} | {:>10} | {peer:<22} | not measured: {why} |",
                ""
            )
        });
        lines.chain(missing).collect()
    }

    fn json(&self) -> Value {
        let Some((ours, peers)) = self.measured.split_first() else {
            return Value::Null;
        };
        let peers: serde_json::Map<_, _> = peers
            .iter()
            .map(|peer| (peer.name.to_owned(), json!(tenths(peer.ns))))
            .collect();
        let missing: serde_json::Map<_, _> = self
            .missing
            .iter()
            .map(|(peer, why)| ((*peer).to_owned(), json!(why)))
            .collect();
        json!({
            "name": self.name,
            "ours_ns": tenths(ours.ns),
            "peers": peers,
            "missing": missing,
            "allocs": allocations(ours.allocations),
        })
    }
}

/// The head of the table.
pub(crate) fn head() -> String {
    let names = [
        "row",
        "ours, ns",
        "peer",
        "peer, ns",
        "ours/peer",
        "allocs",
        "peer's",
    ];
    let rules = ["---", "---:", "---", "---:", "---:", "---:", "---:"];
    format!("{}\n{}", line(names), line(rules))
}

/// All rows as one JSON object.
pub(crate) fn json(rows: &[Row]) -> Value {
    json!({ "rows": rows.iter().map(Row::json).collect::<Vec<_>>() })
}

fn line([row, ours, peer, theirs, ratio, allocs, theirs_allocs]: [&str; 7]) -> String {
    format!(
        "| {row:<20} | {ours:>10} | {peer:<22} | {theirs:>10} | {ratio:>9} | {allocs:>6} | {theirs_allocs:>6} |"
    )
}

fn nanoseconds(ns: f64) -> String {
    format!("{ns:.1}")
}

fn tenths(ns: f64) -> f64 {
    (ns * 10.0).round() / 10.0
}

/// Rounded to a tenth: a table that grew once in a hundred calls is no allocation of a call.
fn allocations(per_call: f64) -> Value {
    let rounded = tenths(per_call);
    if rounded.fract() == 0.0 {
        json!(rounded as u64)
    } else {
        json!(rounded)
    }
}
