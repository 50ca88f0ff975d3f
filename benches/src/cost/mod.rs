//! What it costs to use opero: programs of decorated functions beside the same ones glued by hand.
//! Cargo builds them, so these rows take minutes.

mod command;
mod functions;
mod package;
mod rows;

use std::error::Error;
use std::time::{Duration, Instant};

use crate::harness::{Measured, median};
use crate::report::{Row, Unit};

/// Repetitions over which the medians are taken.
const ROUNDS: usize = 3;
/// A subject that took longer is not repeated.
const ENOUGH: Duration = Duration::from_secs(10);

/// A row's name, its unit and what makes its subjects.
pub(crate) type Entry = (
    &'static str,
    Unit,
    fn() -> Result<Vec<Subject>, Box<dyn Error>>,
);

/// Something whose cost is measured.
pub(crate) struct Subject {
    name: &'static str,
    cost: Box<dyn FnMut() -> Result<f64, Box<dyn Error>>>,
    costs: Vec<f64>,
    took: Duration,
    failure: Option<String>,
}

impl Subject {
    fn new(
        name: &'static str,
        cost: impl FnMut() -> Result<f64, Box<dyn Error>> + 'static,
    ) -> Self {
        Self {
            name,
            cost: Box::new(cost),
            costs: Vec::with_capacity(ROUNDS),
            took: Duration::ZERO,
            failure: None,
        }
    }

    /// Measures it, unless it failed or took long before.
    fn measure(&mut self) {
        if self.failure.is_some() || self.took > ENOUGH {
            return;
        }
        let start = Instant::now();
        match (self.cost)() {
            Ok(cost) => self.costs.push(cost),
            Err(error) => self.failure = Some(error.to_string()),
        }
        self.took += start.elapsed();
    }
}

/// Returns the rows that `filter` selects: none unless it begins with `cost`.
pub(crate) fn rows(filter: &str) -> impl Iterator<Item = Entry> {
    let selected = filter.starts_with("cost");
    rows::ROWS
        .into_iter()
        .filter(move |(name, ..)| selected && name.contains(filter))
}

/// Measures the subjects of a row in turns. One that cannot be measured is reported as missing.
///
/// # Errors
/// Where its programs cannot be written, or their dependencies not be built.
pub(crate) fn measure((name, unit, subjects): Entry) -> Result<Row, Box<dyn Error>> {
    let mut subjects = subjects()?;
    for _ in 0..ROUNDS {
        subjects.iter_mut().for_each(Subject::measure);
    }
    let missing = subjects
        .iter()
        .filter_map(|subject| Some((subject.name, subject.failure.clone()?)));
    let missing = missing.collect();
    let mut measured = subjects.into_iter().map(|subject| match subject.failure {
        Some(_) => None,
        None => Some(Measured {
            name: subject.name,
            figure: median(subject.costs),
            allocations: None,
        }),
    });
    Ok(Row {
        name,
        unit,
        ours: measured.next().flatten(),
        peers: measured.flatten().collect(),
        missing,
    })
}
