use std::fmt;
use std::io::{Write, stderr};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use opero_core::sync::lock;

use super::above::Printed;
use super::figures::{self, Figures};
use super::ticker::Show;
use crate::engine::Statistics;

/// A bar on standard error.
pub(super) struct Bar {
    statistics: Arc<Statistics>,
    /// `None` once the run has ended: then nothing is drawn any more.
    drawn: Mutex<Option<ProgressBar>>,
    /// What workers print, on its way here.
    printed: Mutex<Vec<Weak<Printed>>>,
}

pub(super) const INTERVAL: Duration = Duration::from_millis(100);

const KNOWN: &str = "{prefix} {wide_bar} {figures}, {rate}, {left}";
const UNKNOWN: &str = "{prefix} {spinner} {figures}, {rate}, {elapsed}";

impl Bar {
    pub(super) fn new(
        name: &'static str,
        length: Option<u64>,
        statistics: &Arc<Statistics>,
    ) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(10);
        let bar = ProgressBar::with_draw_target(length, target).with_prefix(name);
        let template = if length.is_some() { KNOWN } else { UNKNOWN };
        let bar = match style(template, statistics) {
            Some(style) => bar.with_style(style),
            None => bar,
        };
        Self {
            statistics: Arc::clone(statistics),
            drawn: Mutex::new(Some(bar)),
            printed: Mutex::default(),
        }
    }

    /// Has the terminal to itself while it does that, and leaves the bar below.
    pub(super) fn suspended(&self, print: impl FnOnce()) {
        match &*lock(&self.drawn) {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Prints that above until the end.
    #[cfg(feature = "process")]
    pub(super) fn attend(&self, printed: &Arc<Printed>) {
        let mut all = lock(&self.printed);
        all.retain(|printed| printed.strong_count() > 0);
        all.push(Arc::downgrade(printed));
    }

    pub(super) fn end(&self) {
        // What the last items printed comes before the end.
        for printed in lock(&self.printed).drain(..).filter_map(|p| p.upgrade()) {
            printed.drain();
        }
        let Some(bar) = lock(&self.drawn).take() else {
            return;
        };
        bar.set_position(done(&self.statistics));
        bar.abandon();
        // What is printed next begins on a line of its own. A terminal that is gone needs none.
        let _ = writeln!(stderr());
    }
}

impl Show for Bar {
    fn show(&self) {
        if let Some(bar) = &*lock(&self.drawn) {
            bar.set_position(done(&self.statistics));
            bar.tick();
        }
    }

    fn aside(&self, print: &mut dyn FnMut()) {
        self.suspended(print);
    }
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bar").finish_non_exhaustive()
    }
}

fn done(statistics: &Statistics) -> u64 {
    let (ok, failed) = statistics.done();
    ok + failed
}

/// The figures are computed in the drawing itself, so that there is one drawing for all of them. One that cannot be written
/// is left out.
fn style(template: &str, statistics: &Arc<Statistics>) -> Option<ProgressStyle> {
    let statistics = Arc::clone(statistics);
    let counts = move |state: &ProgressState, to: &mut dyn fmt::Write| {
        let figures = Figures::read(&statistics, state.len());
        let _ = write!(to, "{figures:#}");
    };
    let rate = |state: &ProgressState, to: &mut dyn fmt::Write| {
        let _ = to.write_str(&figures::rate(state.per_sec()));
    };
    let left = |state: &ProgressState, to: &mut dyn fmt::Write| {
        let _ = to.write_str(&figures::left(state.eta()));
    };
    let style = ProgressStyle::with_template(template).ok()?;
    let style = style.with_key("figures", counts);
    Some(style.with_key("rate", rate).with_key("left", left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Detail;

    #[test]
    fn the_templates_are_well_formed() {
        let statistics = Arc::new(Statistics::new(
            Arc::new(opero_core::SystemClock),
            Detail::Progress,
        ));
        for template in [KNOWN, UNKNOWN] {
            assert!(style(template, &statistics).is_some());
        }
    }
}
