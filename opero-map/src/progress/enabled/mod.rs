#[cfg_attr(feature = "process", path = "above.rs")]
#[cfg_attr(not(feature = "process"), path = "no_workers.rs")]
mod above;
mod bar;
mod course;
mod figures;
mod plain;
mod screen;
mod ticker;

use std::io::stderr;
use std::sync::Arc;

pub(crate) use above::Above;
pub(in crate::progress) use screen::suspended;

use crate::engine::Statistics;
use bar::Bar;
use course::Course;
use plain::Plain;
use ticker::Ticket;

/// A run that is shown: as a bar where one can be drawn on standard error, otherwise as a plain line now and then.
///
/// No item ever waits for the terminal: one thread draws for all runs.
#[derive(Debug)]
pub(crate) struct Progress {
    // Given back first: then no drawing comes behind the last one.
    ticket: Ticket,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Bar(Arc<Bar>),
    Plain(Arc<Plain>),
}

impl Progress {
    pub(crate) const POSSIBLE: bool = true;

    /// Shows the run until it is dropped. `None` where no thread can be had: the run itself matters more.
    pub(crate) fn start(
        name: &'static str,
        length: Option<usize>,
        statistics: &Arc<Statistics>,
    ) -> Option<Self> {
        // Closures have none.
        let name = if name.is_empty() { "map" } else { name };
        let length = length.and_then(|length| u64::try_from(length).ok());
        let course = Course::new(name, length, statistics);
        if screen::can_draw() {
            let bar = Arc::new(Bar::new(course));
            let ticket = ticker::show(Arc::clone(&bar) as _, bar::INTERVAL)?;
            let shown = Shown::Bar(bar);
            return Some(Self { ticket, shown });
        }
        let plain = Arc::new(Plain::new(course, Box::new(stderr())));
        let ticket = ticker::show(Arc::clone(&plain) as _, plain::INTERVAL)?;
        let shown = Shown::Plain(plain);
        Some(Self { ticket, shown })
    }

    /// How workers print above the bar, where there is one.
    pub(crate) fn above(&self) -> Option<Above> {
        match &self.shown {
            Shown::Bar(bar) => Above::new(Arc::clone(bar)),
            Shown::Plain(_) => None,
        }
    }

    /// Shows the end, and gives up the terminal.
    pub(crate) fn end(self) {}
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.ticket.give_back();
        match &self.shown {
            Shown::Bar(bar) => bar.end(),
            Shown::Plain(plain) => plain.end(),
        }
    }
}
