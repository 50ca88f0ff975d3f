//! The rows, as a table and as JSON.

use serde_json::{Value, json};

use crate::harness::Measured;

/// What a row's figures are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unit {
    name: &'static str,
    decimals: usize,
}

/// Of time.
pub(crate) const NANOSECONDS: Unit = Unit::new("ns", 1);
pub(crate) const SECONDS: Unit = Unit::new("s", 2);
/// Of memory.
pub(crate) const BYTES: Unit = Unit::new("B", 0);
pub(crate) const KILOBYTES: Unit = Unit::new("KB", 0);

impl Unit {
    const fn new(name: &'static str, decimals: usize) -> Self {
        Self { name, decimals }
    }

    fn show(self, figure: f64) -> String {
        format!("{figure:.*} {}", self.decimals, self.name)
    }

    fn round(self, figure: f64) -> f64 {
        let scale = 10_f64.powi(self.decimals as i32);
        (figure * scale).round() / scale
    }
}

/// One comparison: ours and the peers.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) ours: Option<Measured>,
    pub(crate) peers: Vec<Measured>,
    /// The subjects that could not be measured, and why.
    pub(crate) missing: Vec<(&'static str, String)>,
}

impl Row {
    /// A line for each peer, as Markdown.
    pub(crate) fn lines(&self) -> Vec<String> {
        let of_ours = |show: &dyn Fn(&Measured) -> String| {
            self.ours.as_ref().map_or_else(|| "-".to_owned(), show)
        };
        let lines = self.peers.iter().map(|peer| {
            line([
                self.name,
                &of_ours(&|ours| self.unit.show(ours.figure)),
                peer.name,
                &self.unit.show(peer.figure),
                &of_ours(&|ours| format!("{:.2}", ours.figure / peer.figure)),
                &of_ours(&|ours| {
                    allocations(ours).map_or_else(String::new, |count| count.to_string())
                }),
                &allocations(peer).map_or_else(String::new, |count| count.to_string()),
            ])
        });
        let missing = self.missing.iter().map(|(name, why)| {
            format!(
                "| {:<24} | {:>12} | {name:<22} | not measured: {why} |",
                self.name, ""
            )
        });
        lines.chain(missing).collect()
    }

    fn json(&self) -> Value {
        let figure = |measured: &Measured| json!(self.unit.round(measured.figure));
        let peers: serde_json::Map<_, _> = self
            .peers
            .iter()
            .map(|peer| (peer.name.to_owned(), figure(peer)))
            .collect();
        let missing: serde_json::Map<_, _> = self
            .missing
            .iter()
            .map(|(peer, why)| ((*peer).to_owned(), json!(why)))
            .collect();
        json!({
            "name": self.name,
            format!("ours_{}", self.unit.name): self.ours.as_ref().map(figure),
            "peers": peers,
            "missing": missing,
            "allocs": self.ours.as_ref().and_then(allocations),
        })
    }
}

/// The head of the table.
pub(crate) fn head() -> String {
    let names = [
        "row",
        "ours",
        "peer",
        "peer's",
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
        "| {row:<24} | {ours:>12} | {peer:<22} | {theirs:>12} | {ratio:>9} | {allocs:>6} | {theirs_allocs:>6} |"
    )
}

/// Rounded to a tenth: a table that grew once in a hundred calls is no allocation of a call.
fn allocations(measured: &Measured) -> Option<Value> {
    let rounded = (measured.allocations? * 10.0).round() / 10.0;
    Some(match rounded.fract() {
        0.0 => json!(rounded as u64),
        _ => json!(rounded),
    })
}
