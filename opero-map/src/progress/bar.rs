use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use opero_core::sync::lock;

use super::Stream;
use super::print::print;
use super::run_progress::RunProgress;
use super::screen;
use super::ticker::Show;
#[cfg(feature = "process")]
use super::worker_output::WorkerOutput;

/// A bar on standard error, below or above those of other runs.
pub(super) struct Bar {
    progress: Arc<RunProgress>,
    /// `None` once the run has ended: then nothing is drawn any more.
    drawn: Mutex<Option<ProgressBar>>,
    #[cfg(feature = "process")]
    output: WorkerOutput,
}

pub(super) const INTERVAL: Duration = Duration::from_millis(100);

const KNOWN: &str = "{prefix} {wide_bar} {figures}, {rate}, {time}";
const UNKNOWN: &str = "{prefix} {spinner} {figures}, {rate}, {time}";

impl Bar {
    pub(super) fn new(progress: RunProgress) -> Self {
        let length = progress.length();
        let progress = Arc::new(progress);
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        let bar = bar.with_prefix(progress.name());
        let template = if length.is_some() { KNOWN } else { UNKNOWN };
        let bar = match style(template, &progress) {
            Some(style) => bar.with_style(style),
            None => bar,
        };
        Self {
            progress,
            drawn: Mutex::new(Some(screen::add(bar))),
            #[cfg(feature = "process")]
            output: WorkerOutput::default(),
        }
    }

    /// Returns where worker processes print while the bar is drawn.
    #[cfg(feature = "process")]
    pub(super) fn output(&self) -> WorkerOutput {
        self.output.clone()
    }

    /// Leaves the final figures as a line above the bars of other runs.
    pub(super) fn end(&self) {
        // The output of the last items comes before the end.
        #[cfg(feature = "process")]
        self.output.drain();
        if let Some(bar) = lock(&self.drawn).take() {
            screen::remove(&bar);
            // A terminal that is gone shows nothing.
            let _ = print(Stream::Error, self.progress.last_line().as_bytes());
        }
    }
}

impl Show for Bar {
    fn show(&self) {
        if let Some(bar) = &*lock(&self.drawn) {
            self.progress.sample();
            bar.set_position(self.progress.figures().done);
            bar.tick();
        }
    }
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bar").finish_non_exhaustive()
    }
}

/// The figures are computed in the drawing itself, so that there is one drawing for all of them.
/// One that cannot be written is left out.
fn style(template: &str, progress: &Arc<RunProgress>) -> Option<ProgressStyle> {
    let key = |write: fn(&RunProgress) -> String| {
        let progress = Arc::clone(progress);
        move |_: &ProgressState, to: &mut dyn fmt::Write| {
            let _ = to.write_str(&write(&progress));
        }
    };
    let style = ProgressStyle::with_template(template).ok()?;
    let style = style.with_key(
        "figures",
        key(|progress| format!("{:#}", progress.figures())),
    );
    Some(
        style
            .with_key("rate", key(RunProgress::rate))
            .with_key("time", key(RunProgress::time)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::statistics::{Detail, Statistics};

    #[test]
    fn the_templates_are_well_formed() {
        let statistics = Arc::new(Statistics::new(
            Arc::new(opero_core::SystemClock),
            Detail::Progress,
        ));
        let progress = Arc::new(RunProgress::new("f", None, &statistics));
        for template in [KNOWN, UNKNOWN] {
            assert!(style(template, &progress).is_some());
        }
    }
}
