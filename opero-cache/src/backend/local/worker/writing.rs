//! Bringing what is pending into the engine.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use opero_core::sync::lock;

use super::Worker;
use crate::backend::local::change::{Change, SpaceId, Totals, id, space_of};
use crate::backend::local::directory::room;
use crate::backend::local::engine::{Engine, Fault, guarded};
use crate::backend::local::evict;
use crate::backend::local::journal::Journal;
use crate::backend::local::recovery::clear;
use crate::backend::local::space::Space;

/// Applies changes of distinct ids, a chunk at a time, each with the totals it makes.
pub(in crate::backend::local) fn apply<E: Engine>(
    engine: &E,
    totals: &mut HashMap<SpaceId, Totals>,
    changes: &[Change],
) -> Result<(), Fault> {
    for chunk in changes.chunks(E::CHUNK) {
        apply_chunk(engine, totals, chunk, None)?;
    }
    Ok(())
}

/// Applies the last changes of a journal, and says with the last of them that all of it is in the engine.
pub(in crate::backend::local) fn finish<E: Engine>(
    engine: &E,
    totals: &mut HashMap<SpaceId, Totals>,
    changes: &[Change],
    journal: u64,
) -> Result<(), Fault> {
    let last = changes.len().saturating_sub(E::CHUNK);
    let (changes, last) = changes.split_at(last);
    apply(engine, totals, changes)?;
    apply_chunk(engine, totals, last, Some(journal))
}

fn apply_chunk<E: Engine>(
    engine: &E,
    totals: &mut HashMap<SpaceId, Totals>,
    chunk: &[Change],
    journal: Option<u64>,
) -> Result<(), Fault> {
    let mut made: HashMap<SpaceId, Totals> = HashMap::new();
    if let Some(entries) = journal {
        let applied = Totals { entries, bytes: 0 };
        made.insert(SpaceId::APPLIED, applied);
    }
    guarded(|| {
        for change in chunk {
            let space = space_of(&change.id);
            let known = totals.get(&space).copied().unwrap_or_default();
            let made = made.entry(space).or_insert(known);
            if let Some(old) = engine.get(&change.id)? {
                made.take(old.as_ref().len());
            }
            if let Some(stored) = change.stored() {
                made.add(stored.len());
            }
        }
        let made: Vec<_> = made
            .iter()
            .map(|(space, totals)| (*space, *totals))
            .collect();
        engine.apply(chunk, &made)
    })?;
    totals.extend(made);
    Ok(())
}

impl<E: Engine> Worker<E> {
    /// Brings into the engine what is pending now, makes it durable, and then removes the journal that had it. Where
    /// that fails, it is pending still.
    pub(super) fn write_out(&mut self) -> Result<(), Fault> {
        let shared = Arc::clone(&self.shared);
        let engine = shared.engine();
        let Some(engine) = engine.as_ref() else {
            return match shared.held.load(Ordering::Relaxed) {
                0 => Ok(()),
                _ => Err(Fault::Failed("it is closed".to_owned())),
            };
        };
        let room = room(&shared.directory, shared.held.load(Ordering::Relaxed));
        shared.allowed.store(room.unwrap_or(0), Ordering::Relaxed);
        if room.is_none() {
            return Err(Fault::Full);
        }
        shared.dirty.store(false, Ordering::Release);
        self.turn_the_page()?;
        let spaces: Vec<_> = lock(&shared.spaces).values().cloned().collect();
        let written = self.write_spaces(engine, &spaces);
        let held = &shared.held;
        for space in &spaces {
            if written.is_ok() {
                // Dropped outside of the lock.
                let arrived = space.pending(held, |pending| pending.arrived());
                drop(arrived);
            } else {
                space.pending(held, |pending| pending.came_back());
            }
        }
        written?;
        for (_, path) in self.written.drain(..) {
            // One that stays is known by its number.
            let _ = std::fs::remove_file(path);
        }
        let evicted = evict::down_to_bounds(
            engine,
            &mut self.totals,
            &spaces,
            shared.max_bytes.load(Ordering::Relaxed),
        );
        self.publish_totals();
        evicted
    }

    /// Begins a new journal, where the current one has anything.
    fn turn_the_page(&mut self) -> Result<(), Fault> {
        let current = lock(&self.shared.journal)
            .as_ref()
            .filter(|journal| !journal.is_empty())
            .map(Journal::number);
        let Some(current) = current else {
            return Ok(());
        };
        // Made without the lock, which those who put wait for.
        let next = Journal::create(&self.shared.base, current.wrapping_add(1))?;
        let last = lock(&self.shared.journal).replace(next);
        let last = last.map(|last| (last.number(), last.path().to_owned()));
        self.written.extend(last);
        Ok(())
    }

    fn write_spaces(&mut self, engine: &E, spaces: &[Arc<Space>]) -> Result<(), Fault> {
        let mut changes = Vec::new();
        for space in spaces {
            let cleared = space.pending(&self.shared.held, |pending| {
                let leaving = pending.leave();
                changes.extend(leaving.records.iter().map(|(key, record)| Change {
                    id: id(space.id, *key),
                    record: record.clone(),
                }));
                leaving.cleared
            });
            if cleared {
                clear(engine, &mut self.totals, space.id)?;
            }
        }
        // In order, neighbours share pages.
        changes.sort_unstable_by_key(|change| change.id);
        match self.written.last() {
            Some((journal, _)) => finish(engine, &mut self.totals, &changes, *journal)?,
            None => apply(engine, &mut self.totals, &changes)?,
        }
        guarded(|| engine.flush())
    }
}
