use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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
            let bar = bar(name, length);
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                show(&bar, &statistics);
            }
            show(&bar, &statistics);
            bar.abandon();
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

fn show(bar: &ProgressBar, statistics: &Statistics) {
    let (ok, failed) = statistics.done();
    bar.set_position(ok + failed);
    bar.set_message(format!("{failed} failed"));
}

fn bar(name: &'static str, length: Option<usize>) -> ProgressBar {
    let length = length.and_then(|length| u64::try_from(length).ok());
    let target = ProgressDrawTarget::stderr_with_hz(10);
    let template = match length {
        Some(_) => "{prefix} {wide_bar} {pos}/{len}, {msg}, {per_sec}, {eta} left",
        None => "{prefix} {spinner} {pos}, {msg}, {per_sec}, {elapsed}",
    };
    let bar = ProgressBar::with_draw_target(length, target).with_prefix(name);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        let bar = bar("name", Some(3));
        bar.set_position(1);
        assert_eq!(bar.length(), Some(3));
        assert!(
            ProgressStyle::with_template(
                "{prefix} {wide_bar} {pos}/{len}, {msg}, {per_sec}, {eta} left"
            )
            .is_ok()
        );
    }

    #[test]
    fn dropping_ends_the_drawing() {
        let statistics = Arc::new(Statistics::new(1, &opero_core::SystemClock));
        drop(Progress::start("name", None, &statistics));
        assert_eq!(Arc::strong_count(&statistics), 1);
    }
}
