//! Trivial items, each recorded before its result is handed out. Time and allocations are those of one item.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use super::{Entry, Subjects};
use crate::harness::{Stopwatch, Subject};
use crate::ours::map::double_recorded as double;
use crate::scratch;
use crate::workload::Trouble;

pub(super) const ROWS: [Entry; 1] = [("journal/trivial", trivial)];

const ITEMS: u64 = 100_000;

fn trivial() -> Subjects {
    let directory = scratch::directory("journal")?;
    let record = record(directory.join("record"))?;
    let ours = directory.join("ours");
    let theirs = directory.join("theirs");
    Ok(vec![
        Subject::timed("opero", ITEMS, move |watch: &mut Stopwatch| {
            // A journal that knows the items already would run none.
            let run = double(0..ITEMS).resume(&ours);
            watch.lap(|| run.try_run())?;
            Ok::<_, Trouble>(std::fs::remove_file(&ours)?)
        }),
        Subject::job("opero without", ITEMS, || double(0..ITEMS).run()),
        Subject::timed("append", ITEMS, move |watch: &mut Stopwatch| {
            watch.lap(|| {
                let mut file = File::create(&theirs)?;
                (0..ITEMS).try_for_each(|_| file.write_all(&record))
            })?;
            std::fs::remove_file(&theirs)
        }),
    ])
}

/// As many bytes as the journal keeps of an item.
fn record(journal: PathBuf) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    double(0..ITEMS).resume(&journal).try_run()?;
    let length = std::fs::metadata(&journal)?.len() / ITEMS;
    std::fs::remove_file(&journal)?;
    Ok(vec![7; length as usize])
}
