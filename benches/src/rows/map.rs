//! Many items. Time and allocations are those of one item. Rayon's pool stands already; ours is made by each run.

use std::rc::Rc;

use futures::stream::{self, StreamExt};
use rayon::prelude::*;
use tokio::runtime::Runtime;

use super::{Entry, Subjects, runtime};
use crate::harness::Subject;
use crate::ours::map as ours;
use crate::workload::spin;

pub(super) const ROWS: [Entry; 4] = [
    ("map/async-trivial", async_trivial),
    ("map/thread-trivial", thread_trivial),
    ("map/async-20us", async_20us),
    ("map/thread-20us", thread_20us),
];

const TRIVIAL: u64 = 100_000;
const SPINNING: u64 = 20_000;
/// opero's default for async maps.
const IN_FLIGHT: usize = 64;

fn double(item: u64) -> u64 {
    item.wrapping_mul(2)
}

fn async_trivial() -> Subjects {
    let runtime = runtime()?;
    let ours = Rc::clone(&runtime);
    let mut subjects = vec![Subject::job("opero", TRIVIAL, move || {
        ours.block_on(async { ours::double_async(0..TRIVIAL).await })
    })];
    subjects.extend(streams(&runtime, TRIVIAL, double));
    Ok(subjects)
}

fn async_20us() -> Subjects {
    let runtime = runtime()?;
    let ours = Rc::clone(&runtime);
    let mut subjects = vec![Subject::job("opero", SPINNING, move || {
        ours.block_on(async { ours::spin_async(0..SPINNING).await })
    })];
    subjects.extend(streams(&runtime, SPINNING, spin));
    Ok(subjects)
}

fn streams(runtime: &Rc<Runtime>, items: u64, function: fn(u64) -> u64) -> [Subject; 2] {
    let (unordered, ordered) = (Rc::clone(runtime), Rc::clone(runtime));
    let futures = move || stream::iter((0..items).map(move |item| async move { function(item) }));
    [
        Subject::job("buffer_unordered", items, move || {
            unordered.block_on(futures().buffer_unordered(IN_FLIGHT).collect::<Vec<_>>())
        }),
        Subject::job("buffered", items, move || {
            ordered.block_on(futures().buffered(IN_FLIGHT).collect::<Vec<_>>())
        }),
    ]
}

fn thread_trivial() -> Subjects {
    Ok(vec![
        Subject::job("opero", TRIVIAL, || ours::double(0..TRIVIAL).run()),
        rayon(TRIVIAL, double),
    ])
}

fn thread_20us() -> Subjects {
    Ok(vec![
        Subject::job("opero", SPINNING, || ours::spin_items(0..SPINNING).run()),
        rayon(SPINNING, spin),
    ])
}

fn rayon(items: u64, function: fn(u64) -> u64) -> Subject {
    let items: Vec<u64> = (0..items).collect();
    Subject::job("rayon", items.len() as u64, move || {
        items
            .par_iter()
            .map(|&item| function(item))
            .collect::<Vec<_>>()
    })
}
