//! Opening a database after whatever happened to it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::change::{Change, Id, SpaceId, Totals, space_of};
use super::directory::set_aside;
use super::engine::{Engine, Fault, Scan, Tuning, guarded};
use super::journal::{self, Frame, Journal, Kind};
use super::worker::writing;

/// An open engine, its totals, and the journal for what comes now.
pub(super) struct Recovered<E> {
    pub(super) engine: E,
    pub(super) totals: HashMap<SpaceId, Totals>,
    pub(super) journal: Journal,
    /// Why what is in the journals of before is still there and not in the engine, which is good for reading then: there
    /// is no room on the disk.
    pub(super) stuck: Option<String>,
}

/// Opens the engine at `base` and brings in what processes before this one put into journals.
pub(super) fn open<E: Engine>(base: &Path, tuning: &Tuning) -> Result<Recovered<E>, Fault> {
    let (mut engine, mut totals) = open_engine::<E>(base, tuning)?;
    // Only now, with the engine's lock, no other process writes journals here.
    let journals = journal::list(base)?;
    let stuck = match bring_in(&engine, &mut totals, &journals) {
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
    let last = journals.last().map_or(0, |(number, _)| *number);
    let next = last.max(applied(&totals)).wrapping_add(1);
    Ok(Recovered {
        engine,
        totals,
        journal: Journal::create(base, next)?,
        stuck,
    })
}

fn open_engine<E: Engine>(
    base: &Path,
    tuning: &Tuning,
) -> Result<(E, HashMap<SpaceId, Totals>), Fault> {
    guarded(|| {
        let engine = E::open(base, tuning)?;
        let totals = engine.totals()?;
        Ok((engine, totals.into_iter().collect()))
    })
}

/// Brings journals into the engine, and removes them.
fn bring_in<E: Engine>(
    engine: &E,
    totals: &mut HashMap<SpaceId, Totals>,
    journals: &[(u64, PathBuf)],
) -> Result<(), Fault> {
    // One that was brought in before and could not be removed would bring back what was removed since.
    let applied = applied(totals);
    for (number, path) in journals.iter().filter(|(number, _)| *number > applied) {
        replay(engine, totals, *number, path)?;
    }
    if !journals.is_empty() {
        guarded(|| engine.flush())?;
    }
    for (_, path) in journals {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// The number of the last journal whose content is in the engine.
fn applied(totals: &HashMap<SpaceId, Totals>) -> u64 {
    totals
        .get(&SpaceId::APPLIED)
        .map_or(0, |applied| applied.entries)
}

/// How many frames are brought in at once.
const BATCH: usize = 4_096;

fn replay<E: Engine>(
    engine: &E,
    totals: &mut HashMap<SpaceId, Totals>,
    number: u64,
    path: &Path,
) -> Result<(), Fault> {
    let mut batch: HashMap<Id, Change> = HashMap::new();
    journal::replay::<Fault>(path, |frame: Frame| {
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
                batch.retain(|other, _| space_of(other) != space_of(&id));
                clear(engine, totals, space_of(&id))?;
            }
            None => {}
        }
        if batch.len() >= BATCH {
            let full: Vec<_> = batch.drain().map(|(_, change)| change).collect();
            writing::apply(engine, totals, &full)?;
        }
        Ok(())
    })?;
    let rest: Vec<_> = batch.into_values().collect();
    writing::finish(engine, totals, &rest, number)
}

/// Removes what a space has in the engine.
pub(super) fn clear<E: Engine>(
    engine: &E,
    totals: &mut HashMap<SpaceId, Totals>,
    space: SpaceId,
) -> Result<(), Fault> {
    loop {
        let mut found = Vec::new();
        let from = super::change::id_of(space, 0);
        guarded(|| {
            engine.scan(&from, &mut |id, _| {
                if space_of(id) != space || found.len() == BATCH {
                    return Scan::Enough;
                }
                found.push(Change {
                    id: *id,
                    record: None,
                });
                Scan::More
            })
        })?;
        if found.is_empty() {
            return Ok(());
        }
        writing::apply(engine, totals, &found)?;
    }
}

/// Puts a damaged database out of the way, and says so, or why that does not work.
pub(super) fn give_up(base: &Path) -> Result<String, String> {
    match set_aside(base) {
        Ok(aside) => {
            let aside = aside.file_name().unwrap_or_default().to_string_lossy();
            Ok(format!(
                "is kept beside as `{aside}`; a new one takes its place"
            ))
        }
        Err(error) => Err(format!("it cannot be put aside ({error})")),
    }
}
