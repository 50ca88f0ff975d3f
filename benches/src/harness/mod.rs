//! Measures subjects beside each other: alternating rounds in one process, medians over the rounds.

mod subject;

use std::time::Duration;

pub(crate) use subject::{Stopwatch, Subject};

use crate::counting;

/// Rounds over which the medians are taken, after one that is thrown away.
const ROUNDS: usize = 9;
/// How long one subject runs in one round, unless a single call takes longer.
const STRETCH: Duration = Duration::from_millis(25);

/// What was measured of one subject.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    /// The median over the rounds: of a call's nanoseconds, or in the unit of its row.
    pub(crate) figure: f64,
    /// Allocations of a call, where they are counted.
    pub(crate) allocations: Option<f64>,
}

/// Takes out the subjects that are not on this machine: their names, and why.
pub(crate) fn take_missing(subjects: &mut Vec<Subject>) -> Vec<(&'static str, String)> {
    let why = |subject: &Subject| Some((subject.name(), subject.why_missing()?.to_owned()));
    let missing = subjects.iter().filter_map(why).collect();
    subjects.retain(|subject| subject.why_missing().is_none());
    missing
}

/// Measures all subjects, round by round, each round starting with another one.
///
/// # Errors
/// The first failure of a trial.
pub(crate) fn measure(subjects: &mut [Subject]) -> Result<Vec<Measured>, String> {
    let units: Result<Vec<u64>, String> = subjects.iter_mut().map(calibrate).collect();
    let units = units?;
    let count = subjects.len();
    let mut times = vec![Vec::with_capacity(ROUNDS); count];
    for round in 0..=ROUNDS {
        for turn in 0..count {
            let index = (round + turn) % count;
            let (subject, units) = (&mut subjects[index], units[index]);
            let elapsed = subject.lap(units)?.elapsed;
            if round > 0 {
                let calls = units * subject.calls;
                times[index].push(elapsed.as_secs_f64() * 1e9 / calls as f64);
            }
        }
    }
    let measured = subjects.iter_mut().zip(times).map(|(subject, times)| {
        let units = subject.counted;
        counting::count(true);
        let counted = subject.lap(units);
        counting::count(false);
        Ok(Measured {
            name: subject.name(),
            figure: median(times),
            allocations: Some(counted?.allocations as f64 / (units * subject.calls) as f64),
        })
    });
    measured.collect()
}

/// The units that fill a stretch.
fn calibrate(subject: &mut Subject) -> Result<u64, String> {
    let mut units = 1;
    loop {
        let elapsed = subject.lap(units)?.elapsed;
        if elapsed * 4 >= STRETCH {
            let fill = units as f64 * STRETCH.as_secs_f64() / elapsed.as_secs_f64();
            return Ok(fill.ceil() as u64);
        }
        units *= 2;
    }
}

/// The one in the middle; not a number where there is none.
pub(crate) fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
