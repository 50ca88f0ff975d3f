use std::io::stderr;
use std::sync::Arc;

use super::bar::{self, Bar};
use super::plain::{self, Plain};
use super::run_progress::RunProgress;
use super::screen;
use super::ticker::{self, TickerEntry};
#[cfg(feature = "process")]
use super::worker_output::WorkerOutput;
use crate::report::statistics::Statistics;

/// A run that is shown until this is dropped: as a bar where one can be drawn on standard error,
/// otherwise as a plain line at each interval.
///
/// No item waits for the terminal: one thread draws for all runs.
#[derive(Debug)]
pub(crate) struct Progress {
    entry: TickerEntry,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Bar(Arc<Bar>),
    Plain(Arc<Plain>),
}

impl Progress {
    /// Shows the run. Returns `None` where no thread can be had: the run goes on without.
    pub(super) fn start(
        name: &'static str,
        length: Option<usize>,
        statistics: &Arc<Statistics>,
    ) -> Option<Self> {
        // Closures have none.
        let name = if name.is_empty() { "map" } else { name };
        let length = length.and_then(|length| u64::try_from(length).ok());
        let progress = RunProgress::new(name, length, statistics);
        if screen::can_draw() {
            let bar = Arc::new(Bar::new(progress));
            let entry = ticker::show(Arc::clone(&bar) as _, bar::INTERVAL)?;
            let shown = Shown::Bar(bar);
            return Some(Self { entry, shown });
        }
        let plain = Arc::new(Plain::new(progress, Box::new(stderr())));
        let entry = ticker::show(Arc::clone(&plain) as _, plain::INTERVAL)?;
        let shown = Shown::Plain(plain);
        Some(Self { entry, shown })
    }

    /// Returns the way to print worker output above the bar, if a bar is drawn.
    #[cfg(feature = "process")]
    pub(super) fn worker_output(&self) -> Option<WorkerOutput> {
        match &self.shown {
            Shown::Bar(bar) => Some(bar.output()),
            Shown::Plain(_) => None,
        }
    }
}

/// Shows the end, and releases the terminal.
impl Drop for Progress {
    fn drop(&mut self) {
        // First, so that no drawing follows the last one.
        self.entry.remove();
        match &self.shown {
            Shown::Bar(bar) => bar.end(),
            Shown::Plain(plain) => plain.end(),
        }
    }
}
