//! Hits from one and from two threads at once, over a thousand entries. The time is the wall's, divided by the hits of
//! all threads: two threads that don't disturb each other need half of what one needs.

use std::sync::Arc;

use super::{Entry, Subjects};
use crate::harness::Subject;
use crate::ours::hit as ours;
use crate::peers::{cached, moka, quick_cache};
use crate::workload::Args;

pub(super) const ROWS: [Entry; 4] = [
    ("threads/memory-1", || subjects(ours::memory, 1)),
    ("threads/memory-2", || subjects(ours::memory, 2)),
    ("threads/quick-1", || subjects(ours::quick, 1)),
    ("threads/quick-2", || subjects(ours::quick, 2)),
];

/// Hits of one thread in one go, enough that starting the thread weighs nothing.
const HITS: usize = 100_000;
const ENTRIES: u64 = 1_000;

fn subjects(ours: impl Fn(&str, u64) -> String + Sync + 'static, threads: usize) -> Subjects {
    let moka = moka::Sync::new();
    let quick = quick_cache::Quick::new();
    Ok(vec![
        subject("opero", threads, move |(name, n)| ours(name, *n)),
        subject("moka", threads, move |args| moka.call(args)),
        subject("quick_cache", threads, move |args| quick.call(args)),
        subject("cached-unbounded", threads, |(name, n)| {
            cached::bare(name, *n)
        }),
        subject("cached", threads, |(name, n)| cached::lru_ttl(name, *n)),
    ])
}

fn subject(
    name: &'static str,
    threads: usize,
    function: impl Fn(&Args) -> String + Sync + 'static,
) -> Subject {
    let entries: Arc<[Args]> = (0..ENTRIES).map(|n| (format!("profile {n}"), 24)).collect();
    Subject::job(name, (HITS * threads) as u64, move || {
        std::thread::scope(|scope| {
            for thread in 0..threads {
                // Apart from each other, so that the threads don't march in step.
                let entries = entries.iter().cycle().skip(thread * 500);
                let function = &function;
                scope.spawn(move || {
                    for entry in entries.take(HITS) {
                        std::hint::black_box(function(entry));
                    }
                });
            }
        });
    })
}
