//! Many items in two worker processes. Time and allocations are those of one item and of this process. The peers' workers
//! stand already; ours are started and ended by each run.

use std::hint::black_box;
use std::thread;

use super::{Entry, Subjects};
use crate::harness::{Stopwatch, Subject};
use crate::ours::process as ours;
use crate::peers::pools;
use crate::peers::procspawn::Procspawn;
use crate::peers::socket_pair::Echo;
use crate::workload::{TURNS, Trouble, turn};

pub(super) const ROWS: [Entry; 5] = [
    ("process/trivial", trivial),
    ("process/5ms", five_milliseconds),
    ("process/1mib", mebibyte),
    ("process/vec-1mib", mebibyte_vec),
    ("process/start", start),
];

/// As in the attributes of `ours`.
const WORKERS: usize = 2;
const TRIVIAL: u64 = 200_000;
/// The same time an item as for all of [`TRIVIAL`], in a tenth of the time.
const UNBATCHED: u64 = 20_000;
/// A second for two workers, in which starting them counts for ours.
const LONG: u64 = 400;
/// Half a gigabyte: starting the workers counts for ours.
const LARGE: u64 = 512;
const MEBIBYTE: usize = 1 << 20;

fn double(item: u64) -> u64 {
    item.wrapping_mul(2)
}

fn trivial() -> Subjects {
    let pool = Procspawn::new(WORKERS)?;
    Ok(vec![
        Subject::trial("opero", TRIVIAL, || {
            all(TRIVIAL, ours::double(0..TRIVIAL).try_run()?.len())
        }),
        Subject::trial("procspawn", UNBATCHED, move || pool.map(UNBATCHED, double)),
        pools::subject("joblib", "joblib", TRIVIAL),
        pools::subject("multiprocessing", "imap", TRIVIAL),
    ])
}

fn five_milliseconds() -> Subjects {
    // Measured here and told to the workers, so that all do the same.
    let turns = 250 * *TURNS;
    Ok(vec![
        Subject::trial("opero", LONG, move || {
            let items = (0..LONG).map(move |item| (item, turns));
            all(LONG, ours::long(items).try_run()?.len())
        }),
        Subject::job("threads, half each", LONG, move || {
            let half = || {
                for item in 0..LONG / 2 {
                    black_box(turn(item, turns));
                }
            };
            thread::scope(|scope| {
                scope.spawn(half);
                half();
            });
        }),
    ])
}

/// Texts, which serde hands on whole.
fn mebibyte() -> Subjects {
    let text = "x".repeat(MEBIBYTE);
    let mut subjects = vec![Subject::trial("opero", LARGE, move || {
        let text = text.clone();
        let items = (0..LARGE).map(move |_| text.clone());
        there_and_back(ours::text(items).iter().map(|text| Ok(text?.len())))
    })];
    subjects.extend(socket_pairs()?);
    Ok(subjects)
}

/// A `Vec<u8>` as it is: to serde it is a sequence of numbers.
fn mebibyte_vec() -> Subjects {
    let bytes = vec![7; MEBIBYTE];
    let mut subjects = vec![Subject::trial("opero", LARGE, move || {
        let bytes = bytes.clone();
        let items = (0..LARGE).map(move |_| bytes.clone());
        there_and_back(ours::bytes(items).iter().map(|bytes| Ok(bytes?.len())))
    })];
    subjects.extend(socket_pairs()?);
    Ok(subjects)
}

/// The same bytes through one bare pair, and through a pair for each of two processes.
fn socket_pairs() -> std::io::Result<[Subject; 2]> {
    let mut one = Echo::start()?;
    let mut two = [Echo::start()?, Echo::start()?];
    let bytes = vec![7; MEBIBYTE];
    let same = bytes.clone();
    Ok([
        Subject::trial("socket pair", LARGE, move || {
            (0..LARGE).try_for_each(|_| one.call(&bytes))
        }),
        Subject::trial("two socket pairs", LARGE, move || {
            thread::scope(|scope| {
                let half = |echo: &mut Echo| (0..LARGE / 2).try_for_each(|_| echo.call(&same));
                let [here, there] = &mut two;
                let there = scope.spawn(move || half(there));
                half(here)?;
                match there.join() {
                    Ok(moved) => moved,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            })
        }),
    ])
}

/// From nothing to the first result. What ending them takes is not counted.
fn start() -> Subjects {
    const CALLS: u64 = 64;
    Ok(vec![
        Subject::timed("opero", 1, |watch: &mut Stopwatch| {
            let mut results = ours::double(0..CALLS).iter();
            let first = watch.lap(|| results.next());
            first.ok_or(Trouble::new("no result"))?.map(drop)?;
            Ok::<_, Trouble>(())
        }),
        Subject::timed("procspawn", 1, |watch: &mut Stopwatch| {
            watch.lap(|| Procspawn::new(WORKERS)).map(drop)
        }),
        Subject::timed("socket pairs", 1, |watch: &mut Stopwatch| {
            let started = watch.lap(|| {
                let mut two = [Echo::start()?, Echo::start()?];
                two.iter_mut().try_for_each(|echo| echo.call(b"first"))?;
                Ok::<_, std::io::Error>(two)
            });
            started.map(drop)
        }),
    ])
}

/// Did so many come back?
fn all(items: u64, results: usize) -> Result<(), Trouble> {
    match results as u64 == items {
        true => Ok(()),
        false => Err(Trouble::new("not every result")),
    }
}

/// Takes results one by one, so that no more of them are kept than the bare pairs keep.
fn there_and_back(lengths: impl Iterator<Item = Result<usize, Trouble>>) -> Result<(), Trouble> {
    let mut count = 0;
    for length in lengths {
        count += usize::from(length? == MEBIBYTE);
    }
    all(LARGE, count)
}
