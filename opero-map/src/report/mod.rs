//! What a run did: as numbers, as a table, as JSON, as a page for the browser.

mod html;
mod json;
mod latency;
pub(crate) mod statistics;
mod table;
pub(crate) mod timeline;
pub(crate) mod units;

pub use latency::{Latency, LatencyBar};

use std::io;
use std::path::Path;

use timeline::Timeline;

/// What a run did.
///
/// Displayed it is a small table; [`Report::to_json`] gives it as one JSON object, and
/// [`Report::to_html`] as a page for the browser.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
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
    /// Results that came out of a cache: that of the map's own function, or of a decorated function
    /// that it calls. So count `coalesced`, `retries`, `fallbacks` and `permit_wait_s`, too. What an
    /// item does on threads or tasks of its own is not seen.
    pub cache_hits: u64,
    /// Results that came from a concurrent call with the same key.
    pub coalesced: u64,
    /// Further attempts after failed ones.
    pub retries: u64,
    /// How often a fallback value was turned to.
    pub fallbacks: u64,
    /// Results that an earlier run had recorded.
    pub resumed: u64,
    /// Records of earlier runs that no item of this one asked for. They stay.
    pub stale: u64,
    /// Results that should have been recorded and were not: a later run does their items again.
    pub unrecorded: u64,
    /// What went wrong with the journal, first of all: why results are not recorded, or records
    /// perhaps not on the disk yet.
    pub journal_error: Option<String>,
    /// Worker processes that were started.
    pub workers_started: u64,
    /// Worker processes that were lost: killed by a signal, or ended by themselves. Those that are
    /// ended here, for the time that an item takes say, are not among them.
    pub crashes: u64,
    /// Seconds waited for permits, summed over all items.
    pub permit_wait_s: f64,
    /// Seconds from the run's start to its end.
    pub wall_s: f64,
    /// How long an item took, from taking it to its result. Zeros where there are no
    /// `latency_bars`, because all results are from earlier runs.
    pub latency_ms: Latency,
    /// How many items took how long, from the fastest to the slowest.
    pub latency_bars: Vec<LatencyBar>,
    /// The function's name; empty where the run has none.
    pub function: String,
    /// When the run started, in seconds since the Unix epoch.
    pub started_at_s: f64,
    /// What each worker loop and worker did when, where it was asked for
    /// ([`Run::timeline`](crate::Run::timeline)).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub timeline: Option<Timeline>,
}

impl Report {
    /// Returns `true` if the latency of an item was measured.
    fn has_latency(&self) -> bool {
        !self.latency_bars.is_empty()
    }

    /// Returns the report as one JSON object, with the names of its fields, and the timeline where
    /// there is one.
    ///
    /// ```
    /// let json = opero_map::Report::default().to_json();
    /// assert!(json.starts_with(r#"{"items":0,"ok":0,"failed":0,"executions":0,"cache_hits":0"#));
    /// ```
    pub fn to_json(&self) -> String {
        json::of(self)
    }

    /// Returns the report as one page for the browser, which needs no other file and no network.
    ///
    /// It shows the figures, the distribution of the latency and, where there is one, the timeline.
    /// It is made of numbers and the function's name, and of what the system said of the journal
    /// where that failed; there is no argument, no value and no text of a function's error in it.
    ///
    /// ```
    /// let page = opero_map::Report::default().to_html();
    /// assert!(page.starts_with("<!doctype html>"));
    /// ```
    pub fn to_html(&self) -> String {
        html::page(self)
    }

    /// Writes [`to_html`](Self::to_html) into a file, in place of what it held.
    ///
    /// ```no_run
    /// # #[cfg(feature = "thread")] {
    /// let run = opero_map::map(["1", "x"], |text: &str| text.parse::<u32>()).timeline(true);
    /// run.run_report().1.write_html("run.html")?;
    /// # }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write_html(&self, path: impl AsRef<Path>) -> io::Result<()> {
        std::fs::write(path, self.to_html())
    }
}
