//! Hits on a redis server, over a thousand entries. The time is the wall's, divided by the hits of all callers.
//!
//! The bars: 64 callers make at least 0.9 of the hits that bare redis-rs makes (1.11 in the table), and one caller needs
//! at most 1.15 of its time.

use tokio::runtime::Runtime;

use super::{Entry, Subjects, crowd};
use crate::harness::Subject;
use crate::ours::stored as ours;
use crate::peers::{cached_stores, hitbox, redis};
use crate::server;
use crate::workload::{Args, LONG_RECORDS, RECORDS, checked, expect_hits};

pub(super) const ROWS: [Entry; 5] = [
    ("redis/hit-64", || on_two_threads(64, &RECORDS)),
    ("redis/hit-64-4k", || on_two_threads(64, &LONG_RECORDS)),
    ("redis/hit-1", || on_two_threads(1, &RECORDS)),
    ("redis/hit-1-4k", || on_two_threads(1, &LONG_RECORDS)),
    ("redis/hit-1-current", on_one_thread),
];

fn on_two_threads(callers: u64, records: &'static [Args]) -> Subjects {
    let runtime = crowd::on_two_threads()?;
    let mut subjects = subjects(runtime, callers, records)?;
    subjects.push(crowd::job(
        "cached",
        runtime,
        callers,
        move |calls| async move {
            for (name, length) in calls.over(records) {
                checked(cached_stores::redis(name, *length).await, *length)?;
            }
            Ok(())
        },
    ));
    warm(subjects)
}

fn on_one_thread() -> Subjects {
    let runtime = crowd::on_one_thread()?;
    let mut subjects = subjects(runtime, 1, &RECORDS)?;
    subjects.push(crowd::job("cached", runtime, 1, |calls| async {
        for (name, length) in calls.over(&RECORDS) {
            checked(
                cached_stores::redis_one_thread(name, *length).await,
                *length,
            )?;
        }
        Ok(())
    }));
    warm(subjects)
}

fn subjects(runtime: &'static Runtime, callers: u64, records: &'static [Args]) -> Subjects {
    let url = server::url()?;
    let redis = runtime.block_on(redis::Redis::connect(&url))?;
    for args in records {
        runtime
            .block_on(redis.put(args))
            .map_err(|e| e.to_string())?;
    }
    let hitbox = hitbox::Hitbox::new(&url)?;
    Ok(vec![
        crowd::job("opero", runtime, callers, move |calls| async move {
            for (name, length) in calls.over(records) {
                checked(ours::redis(name, *length).await, *length)?;
            }
            Ok(())
        }),
        crowd::job("redis-rs", runtime, callers, move |calls| {
            let redis = redis.clone();
            async move {
                for args in calls.over(records) {
                    checked(redis.get(args).await, args.1)?;
                }
                Ok(())
            }
        }),
        crowd::job("hitbox", runtime, callers, move |calls| {
            let hitbox = hitbox.clone();
            async move {
                for args in calls.over(records) {
                    checked(hitbox.call(args).await, args.1)?;
                }
                Ok(())
            }
        }),
    ])
}

/// Makes every entry, so that only hits are left.
fn warm(mut subjects: Vec<Subject>) -> Subjects {
    expect_hits(false);
    for subject in &mut subjects {
        subject.warm()?;
    }
    expect_hits(true);
    Ok(subjects)
}
