use std::fmt;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use opero_core::sync::lock;

use super::above::Printed;
use super::course::Course;
use super::screen;
use super::ticker::Show;
use crate::progress::Stream;
use crate::progress::print::print;

/// A bar on standard error, below or above those of other runs.
pub(super) struct Bar {
    course: Arc<Course>,
    /// `None` once the run has ended: then nothing is drawn any more.
    drawn: Mutex<Option<ProgressBar>>,
    /// What workers print, on its way here.
    printed: Mutex<Vec<Weak<Printed>>>,
}

pub(super) const INTERVAL: Duration = Duration::from_millis(100);

const KNOWN: &str = "{prefix} {wide_bar} {figures}, {rate}, {time}";
const UNKNOWN: &str = "{prefix} {spinner} {figures}, {rate}, {time}";

impl Bar {
    pub(super) fn new(course: Course) -> Self {
        let length = course.length();
        let course = Arc::new(course);
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        let bar = bar.with_prefix(course.name());
        let template = if length.is_some() { KNOWN } else { UNKNOWN };
        let bar = match style(template, &course) {
            Some(style) => bar.with_style(style),
            None => bar,
        };
        Self {
            course,
            drawn: Mutex::new(Some(screen::add(bar))),
            printed: Mutex::default(),
        }
    }

    /// Prints that above until the end.
    #[cfg(feature = "process")]
    pub(super) fn attend(&self, printed: &Arc<Printed>) {
        let mut all = lock(&self.printed);
        all.retain(|printed| printed.strong_count() > 0);
        all.push(Arc::downgrade(printed));
    }

    /// Leaves the final figures as a line above the bars of other runs.
    pub(super) fn end(&self) {
        // What the last items printed comes before the end.
        for printed in lock(&self.printed).drain(..).filter_map(|p| p.upgrade()) {
            printed.drain();
        }
        if let Some(bar) = lock(&self.drawn).take() {
            screen::remove(&bar);
            // A terminal that is gone shows nothing.
            let _ = print(Stream::Error, self.course.last_line().as_bytes());
        }
    }
}

impl Show for Bar {
    fn show(&self) {
        if let Some(bar) = &*lock(&self.drawn) {
            self.course.look();
            bar.set_position(self.course.figures().done);
            bar.tick();
        }
    }
}

impl fmt::Debug for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bar").finish_non_exhaustive()
    }
}

/// The figures are computed in the drawing itself, so that there is one drawing for all of them. One that cannot be written
/// is left out.
fn style(template: &str, course: &Arc<Course>) -> Option<ProgressStyle> {
    let key = |write: fn(&Course) -> String| {
        let course = Arc::clone(course);
        move |_: &ProgressState, to: &mut dyn fmt::Write| {
            let _ = to.write_str(&write(&course));
        }
    };
    let style = ProgressStyle::with_template(template).ok()?;
    let style = style.with_key("figures", key(|course| format!("{:#}", course.figures())));
    Some(
        style
            .with_key("rate", key(Course::rate))
            .with_key("time", key(Course::time)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Detail, Statistics};

    #[test]
    fn the_templates_are_well_formed() {
        let statistics = Arc::new(Statistics::new(
            Arc::new(opero_core::SystemClock),
            Detail::Progress,
        ));
        let course = Arc::new(Course::new("f", None, &statistics));
        for template in [KNOWN, UNKNOWN] {
            assert!(style(template, &course).is_some());
        }
    }
}
