//! The rows: which subjects stand beside each other. Ours is always the first.

mod crowd;
mod disk;
mod flight;
mod hit;
mod journal;
mod limiter;
mod map;
mod process;
mod redis;
mod success;
mod threads;

use std::error::Error;
use std::rc::Rc;

use tokio::runtime::{Builder, Runtime};

use crate::harness::Subject;

/// The subjects of a row, made only where the row is wanted.
pub(crate) type Subjects = Result<Vec<Subject>, Box<dyn Error>>;

/// All rows by their names.
pub(crate) fn all() -> Vec<Entry> {
    let mut rows = Vec::new();
    rows.extend(success::ROWS);
    rows.extend(hit::ROWS);
    rows.extend(threads::ROWS);
    rows.extend(flight::ROWS);
    rows.extend(map::ROWS);
    rows.extend(process::ROWS);
    rows.extend(journal::ROWS);
    rows.extend(disk::ROWS);
    rows.extend(redis::ROWS);
    rows.extend(limiter::ROWS);
    rows
}

/// A row's name and what makes its subjects.
pub(crate) type Entry = (&'static str, fn() -> Subjects);

/// One thread for all subjects of a row: what is measured is the call, not the scheduler.
fn runtime() -> Result<Rc<Runtime>, Box<dyn Error>> {
    Ok(Rc::new(Builder::new_current_thread().enable_all().build()?))
}
