//! Applying changes to an engine, with the totals that they make.

use std::collections::HashMap;

use super::change::{Change, Totals};
use super::engine::{Engine, Fault, Scan, guarded};
use super::id::{KeyspaceId, id_of, keyspace_of};

/// Changes that are gathered for one batch.
pub(super) const BATCH: usize = 4_096;

/// Applies changes of distinct ids, a chunk at a time, each with the totals it makes.
pub(super) fn apply<E: Engine>(
    engine: &E,
    totals: &mut HashMap<KeyspaceId, Totals>,
    changes: &[Change],
) -> Result<(), Fault> {
    for chunk in changes.chunks(E::CHUNK) {
        apply_chunk(engine, totals, chunk, None)?;
    }
    Ok(())
}

/// Applies the last changes of a write-ahead log, and says with the last of them that all of it is in the engine.
pub(super) fn finish<E: Engine>(
    engine: &E,
    totals: &mut HashMap<KeyspaceId, Totals>,
    changes: &[Change],
    wal: u64,
) -> Result<(), Fault> {
    let last = changes.len().saturating_sub(E::CHUNK);
    let (changes, last) = changes.split_at(last);
    apply(engine, totals, changes)?;
    apply_chunk(engine, totals, last, Some(wal))
}

fn apply_chunk<E: Engine>(
    engine: &E,
    totals: &mut HashMap<KeyspaceId, Totals>,
    chunk: &[Change],
    wal: Option<u64>,
) -> Result<(), Fault> {
    let mut made: HashMap<KeyspaceId, Totals> = HashMap::new();
    if let Some(entries) = wal {
        let applied = Totals { entries, bytes: 0 };
        made.insert(KeyspaceId::APPLIED, applied);
    }
    guarded(|| {
        for change in chunk {
            let keyspace = keyspace_of(&change.id);
            let known = totals.get(&keyspace).copied().unwrap_or_default();
            let made = made.entry(keyspace).or_insert(known);
            if let Some(old) = engine.get(&change.id)? {
                made.take(old.as_ref().len());
            }
            if let Some(stored) = change.stored() {
                made.add(stored.len());
            }
        }
        let made: Vec<_> = made
            .iter()
            .map(|(keyspace, totals)| (*keyspace, *totals))
            .collect();
        engine.apply(chunk, &made)
    })?;
    totals.extend(made);
    Ok(())
}

/// Removes what a keyspace has in the engine.
pub(super) fn clear<E: Engine>(
    engine: &E,
    totals: &mut HashMap<KeyspaceId, Totals>,
    keyspace: KeyspaceId,
) -> Result<(), Fault> {
    loop {
        let mut found = Vec::new();
        let from = id_of(keyspace, 0);
        guarded(|| {
            engine.scan(&from, &mut |id, _| {
                if keyspace_of(id) != keyspace || found.len() == BATCH {
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
        apply(engine, totals, &found)?;
    }
}
