//! Decisions of a limit that is kept on a redis server, in nanoseconds of the wall's time, divided by the decisions of all
//! callers.
//!
//! The bar: in blocks, at least 20 decisions in the time of one script call each (0.05 in the table).

use tokio::runtime::Runtime;

use super::{Entry, Subjects, crowd};
use crate::harness::Subject;
use crate::ours::limited as ours;
use crate::peers::{redis, trypema};
use crate::server;

pub(super) const ROWS: [Entry; 4] = [
    ("limiter/redis", || single(64)),
    ("limiter/redis-1", || single(1)),
    ("limiter/redis-block", || block(64)),
    ("limiter/redis-block-1", || block(1)),
];

/// Each decision is the server's.
fn single(callers: u64) -> Subjects {
    let runtime = crowd::on_two_threads()?;
    let url = server::url()?;
    let mut subjects = vec![opero("opero", runtime, callers), script(runtime, callers)?];
    let trypema = runtime.block_on(trypema::Single::connect(&url));
    let trypema = trypema.map_err(|error| error.to_string())?;
    subjects.push(crowd::job("trypema", runtime, callers, move |calls| {
        let trypema = trypema.clone();
        async move {
            for _ in calls.numbers() {
                trypema.decide().await?;
            }
            Ok(())
        }
    }));
    warm(subjects)
}

/// Decisions are made here, from what the server gave out before.
fn block(callers: u64) -> Subjects {
    let runtime = crowd::on_two_threads()?;
    let url = server::url()?;
    let ours = crowd::job("opero", runtime, callers, |calls| async {
        for n in calls.numbers() {
            ours::block(n).await?;
        }
        Ok(())
    });
    let trypema = runtime.block_on(trypema::Hybrid::connect(&url));
    let trypema = trypema.map_err(|error| error.to_string())?;
    let trypema = crowd::job("trypema-hybrid", runtime, callers, move |calls| {
        let trypema = trypema.clone();
        async move {
            for _ in calls.numbers() {
                trypema.decide().await?;
            }
            Ok(())
        }
    });
    warm(vec![
        ours,
        script(runtime, callers)?,
        opero("opero-single", runtime, callers),
        trypema,
    ])
}

fn opero(name: &'static str, runtime: &'static Runtime, callers: u64) -> Subject {
    crowd::job(name, runtime, callers, |calls| async {
        for n in calls.numbers() {
            ours::single(n).await?;
        }
        Ok(())
    })
}

fn script(runtime: &'static Runtime, callers: u64) -> Result<Subject, Box<dyn std::error::Error>> {
    let limiter = runtime.block_on(redis::Limiter::connect(&server::url()?))?;
    Ok(crowd::job("script", runtime, callers, move |calls| {
        let limiter = limiter.clone();
        async move {
            for _ in calls.numbers() {
                limiter.decide().await?;
            }
            Ok(())
        }
    }))
}

/// The first calls connect, and teach the server its scripts.
fn warm(mut subjects: Vec<Subject>) -> Subjects {
    for subject in &mut subjects {
        subject.warm()?;
    }
    Ok(subjects)
}
