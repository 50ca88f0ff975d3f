//! Results on a disk: hits over a thousand entries, and puts under keys that are new each time.
//!
//! The bars: at most 1.3 of the bare store's `get` and decoding, and 1.3 of its encoding and `insert`.
//!
//! A put of a decorated function is a whole miss: it looks before it runs. When it is done, it survives the end of the
//! process, however that comes, and at the next write-out, within half a second, a power cut. Bare stores have less than that
//! or more: sled's `insert` and redb without durability lose the last writes with the process (`sled`, `redb`: the bar), and
//! both with an fsync for each put lose nothing (`sled-flushed`, `redb-durable`). `cached` is measured without its fsync.

use std::error::Error;
use std::time::Duration;

use ::redb::Durability;

use super::{Entry, Subjects};
use crate::harness::Subject;
use crate::ours::stored as ours;
use crate::peers::{cached_stores, redb, sled};
use crate::scratch;
use crate::workload::{Args, RECORDS, Trouble, checked, expect_hits};

pub(super) const ROWS: [Entry; 4] = [
    ("disk/hit-sled", || {
        let bare = bare_sled("hit")?;
        put_all(|args| bare.put(args))?;
        hits(vec![
            over("opero", |(name, length)| ours::disk(name, *length)),
            over("sled", move |args| bare.get(args)),
            over("cached-redb", |(name, length)| {
                cached_stores::redb(name, *length)
            }),
        ])
    }),
    ("disk/hit-redb", || {
        let bare = bare_redb("hit")?;
        put_all(|args| bare.put(args, Durability::None))?;
        hits(vec![
            over("opero", |(name, length)| ours::redb(name, *length)),
            over("redb", move |args| bare.get(args)),
            over("cached-redb", |(name, length)| {
                cached_stores::redb(name, *length)
            }),
        ])
    }),
    ("disk/put-sled", || {
        let (bare, flushed) = (bare_sled("put")?, bare_sled("flushed")?);
        puts(vec![
            fresh("opero", |(name, length)| ours::disk(name, *length)),
            fresh("sled", move |args| bare.put(args)),
            fresh("sled-flushed", move |args| flushed.put_flushed(args)),
            fresh("cached-redb", |(name, length)| {
                cached_stores::redb(name, *length)
            }),
        ])
    }),
    ("disk/put-redb", || {
        let (bare, durable) = (bare_redb("put")?, bare_redb("durable")?);
        puts(vec![
            fresh("opero", |(name, length)| ours::redb(name, *length)),
            fresh("redb", move |args| bare.put(args, Durability::None)),
            fresh("redb-durable", move |args| {
                durable.put(args, Durability::Immediate)
            }),
            fresh("cached-redb", |(name, length)| {
                cached_stores::redb(name, *length)
            }),
        ])
    }),
];

fn bare_sled(name: &str) -> Result<sled::Sled, Box<dyn Error>> {
    scratch::directory("cached-redb")?;
    let directory = scratch::directory(&format!("sled-{name}"))?;
    Ok(sled::Sled::open(&directory)?)
}

fn bare_redb(name: &str) -> Result<redb::Redb, Box<dyn Error>> {
    scratch::directory("cached-redb")?;
    let directory = scratch::directory(&format!("redb-{name}"))?;
    Ok(redb::Redb::create(&directory.join("profiles"))?)
}

fn put_all(put: impl Fn(&Args) -> Result<String, Trouble>) -> Result<(), String> {
    let mut put = RECORDS.iter().map(put);
    put.try_for_each(|put| put.map(drop))
        .map_err(|error| error.to_string())
}

/// Looks every entry up.
fn over(
    name: &'static str,
    function: impl Fn(&'static Args) -> Result<String, Trouble> + 'static,
) -> Subject {
    Subject::trial(name, RECORDS.len() as u64, move || {
        let mut entries = RECORDS.iter();
        entries.try_for_each(|args| checked(function(args), args.1))
    })
}

/// Makes every entry, so that only hits are left.
fn hits(mut subjects: Vec<Subject>) -> Subjects {
    expect_hits(false);
    for subject in &mut subjects {
        subject.warm()?;
    }
    // Until the next write-out opero has them in memory too; a hit is to come from the store.
    std::thread::sleep(Duration::from_millis(1_500));
    expect_hits(true);
    Ok(subjects)
}

/// Calls with arguments that no call had before.
fn fresh(
    name: &'static str,
    function: impl Fn(&Args) -> Result<String, Trouble> + 'static,
) -> Subject {
    const PUTS: u64 = 100;
    let mut next = 0;
    Subject::trial(name, PUTS, move || {
        let calls = next..next + PUTS;
        next = calls.end;
        calls
            .map(|n| (format!("new user {n}"), 100))
            .try_for_each(|args| checked(function(&args), args.1))
    })
}

fn puts(subjects: Vec<Subject>) -> Subjects {
    expect_hits(false);
    Ok(subjects)
}
