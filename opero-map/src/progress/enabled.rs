use std::fmt;
use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::engine::Statistics;

/// A bar on standard error, drawn by a thread of its own so that no item ever waits for the terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    stop: Option<Sender<()>>,
    drawing: Option<JoinHandle<()>>,
}

const INTERVAL: Duration = Duration::from_millis(100);

impl Progress {
    /// Is there a terminal to draw on?
    pub(crate) fn possible() -> bool {
        stderr().is_terminal()
    }

    /// Draws until it is dropped. `None` where no thread can be had: the run itself matters more.
    pub(crate) fn start(
        name: &'static str,
        length: Option<usize>,
        statistics: &Arc<Statistics>,
    ) -> Option<Self> {
        let statistics = Arc::clone(statistics);
        let (stop, stopped) = mpsc::channel();
        let draw = move || {
            let bar = bar(name, length, &statistics);
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                bar.set_position(done(&statistics));
            }
            bar.set_position(done(&statistics));
            bar.abandon();
            // What is printed next begins on a line of its own. A terminal that is gone needs none.
            let _ = writeln!(stderr());
        };
        let drawing = thread::Builder::new()
            .name("opero-map-progress".into())
            .spawn(draw)
            .ok()?;
        Some(Self {
            stop: Some(stop),
            drawing: Some(drawing),
        })
    }

    /// Draws the end, and gives up the terminal.
    pub(crate) fn end(self) {}
}

impl Drop for Progress {
    /// Waits for the last drawing, so that what the program prints next stands below the bar.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(drawing) = self.drawing.take() {
            // A bar that panicked is no reason for the run to fail.
            let _ = drawing.join();
        }
    }
}

fn done(statistics: &Statistics) -> u64 {
    let (ok, failed) = statistics.done();
    ok + failed
}

const KNOWN: &str = "{prefix} {wide_bar} {pos}/{len}, {failed}, {rate}, {eta} left";
const UNKNOWN: &str = "{prefix} {spinner} {pos}, {failed}, {rate}, {elapsed}";

fn bar(name: &'static str, length: Option<usize>, statistics: &Arc<Statistics>) -> ProgressBar {
    let length = length.and_then(|length| u64::try_from(length).ok());
    let target = ProgressDrawTarget::stderr_with_hz(10);
    let bar = ProgressBar::with_draw_target(length, target).with_prefix(name);
    let template = if length.is_some() { KNOWN } else { UNKNOWN };
    let Ok(style) = ProgressStyle::with_template(template) else {
        return bar;
    };
    let statistics = Arc::clone(statistics);
    // Computed in the drawing itself, so that there is one drawing for all figures. A figure that cannot be written is
    // left out.
    let failed = move |_: &ProgressState, to: &mut dyn fmt::Write| {
        let _ = write!(to, "{} failed", statistics.done().1);
    };
    let rate = |state: &ProgressState, to: &mut dyn fmt::Write| {
        let _ = write!(to, "{:.1}/s", state.per_sec());
    };
    bar.with_style(style.with_key("failed", failed).with_key("rate", rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [KNOWN, UNKNOWN] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }

    #[test]
    fn dropping_ends_the_drawing() {
        let statistics = Arc::new(Statistics::new(Arc::new(opero_core::SystemClock), false));
        drop(Progress::start("name", None, &statistics));
        assert_eq!(Arc::strong_count(&statistics), 1);
    }
}
