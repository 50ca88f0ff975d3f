//! Restoring a database: opening the engine, and replaying earlier write-ahead logs into it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::batch::{self, BATCH, clear};
use super::change::{Change, Totals};
use super::directory::quarantine;
use super::engine::{Engine, Fault, Tuning, guarded};
use super::id::{Id, KeyspaceId, keyspace_of};
use super::wal::{self, Frame, Kind, Wal};

/// An open engine, its totals, and the write-ahead log for what comes now.
pub(super) struct Recovered<E> {
    pub(super) engine: E,
    pub(super) totals: HashMap<KeyspaceId, Totals>,
    pub(super) wal: Wal,
    /// Why what is in earlier write-ahead logs is still there and not in the engine, which is good for reading then: there
    /// is no room on the disk.
    pub(super) stuck: Option<String>,
}

/// Opens the engine at `base` and brings in what processes before this one put into write-ahead logs.
pub(super) fn open<E: Engine>(base: &Path, tuning: &Tuning) -> Result<Recovered<E>, Fault> {
    let (mut engine, mut totals) = open_engine::<E>(base, tuning)?;
    // Only now, with the engine's lock, no other process writes write-ahead logs here.
    let wals = wal::list(base)?;
    let stuck = match bring_in(&engine, &mut totals, &wals) {
        Ok(()) => None,
        Err(Fault::Failed(reason)) => {
            if !E::READS_ON {
                drop(engine);
                (engine, totals) = open_engine::<E>(base, tuning)?;
            }
            Some(reason)
        }
        Err(fault) => return Err(fault),
    };
    let last = wals.last().map_or(0, |(number, _)| *number);
    let next = last.max(applied(&totals)).wrapping_add(1);
    Ok(Recovered {
        engine,
        totals,
        wal: Wal::create(base, next)?,
        stuck,
    })
}

fn open_engine<E: Engine>(
    base: &Path,
    tuning: &Tuning,
) -> Result<(E, HashMap<KeyspaceId, Totals>), Fault> {
    guarded(|| {
        let engine = E::open(base, tuning)?;
        let totals = engine.totals()?;
        Ok((engine, totals.into_iter().collect()))
    })
}

/// Brings write-ahead logs into the engine, and removes them.
fn bring_in<E: Engine>(
    engine: &E,
    totals: &mut HashMap<KeyspaceId, Totals>,
    wals: &[(u64, PathBuf)],
) -> Result<(), Fault> {
    // One that was brought in before and could not be removed would bring back what was removed since.
    let applied = applied(totals);
    for (number, path) in wals.iter().filter(|(number, _)| *number > applied) {
        replay(engine, totals, *number, path)?;
    }
    if !wals.is_empty() {
        guarded(|| engine.flush())?;
    }
    for (_, path) in wals {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// The number of the last write-ahead log whose content is in the engine.
fn applied(totals: &HashMap<KeyspaceId, Totals>) -> u64 {
    totals
        .get(&KeyspaceId::APPLIED)
        .map_or(0, |applied| applied.entries)
}

fn replay<E: Engine>(
    engine: &E,
    totals: &mut HashMap<KeyspaceId, Totals>,
    number: u64,
    path: &Path,
) -> Result<(), Fault> {
    let mut batch: HashMap<Id, Change> = HashMap::new();
    wal::replay::<Fault>(path, |frame: Frame| {
        let id = frame.id();
        match frame.kind() {
            Some(Kind::Put) => {
                let record = Some(frame.into());
                batch.insert(id, Change { id, record });
            }
            Some(Kind::Remove) => {
                batch.insert(id, Change { id, record: None });
            }
            Some(Kind::Clear) => {
                batch.retain(|other, _| keyspace_of(other) != keyspace_of(&id));
                clear(engine, totals, keyspace_of(&id))?;
            }
            None => {}
        }
        if batch.len() >= BATCH {
            let full: Vec<_> = batch.drain().map(|(_, change)| change).collect();
            batch::apply(engine, totals, &full)?;
        }
        Ok(())
    })?;
    let rest: Vec<_> = batch.into_values().collect();
    batch::finish(engine, totals, &rest, number)
}

/// Quarantines a damaged database, and says so, or why that does not work.
pub(super) fn quarantine_database(base: &Path) -> Result<String, String> {
    match quarantine(base) {
        Ok(aside) => {
            let aside = aside.file_name().unwrap_or_default().to_string_lossy();
            Ok(format!(
                "is kept beside as `{aside}`; a new one takes its place"
            ))
        }
        Err(error) => Err(format!("it cannot be quarantined ({error})")),
    }
}
