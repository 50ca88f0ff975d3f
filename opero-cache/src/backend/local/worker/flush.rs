//! Flushing the memtables into the engine.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use opero_core::sync::lock;

use super::Worker;
use crate::backend::local::batch::{apply, clear, finish};
use crate::backend::local::change::Change;
use crate::backend::local::directory::room;
use crate::backend::local::engine::{Engine, Fault, guarded};
use crate::backend::local::evict;
use crate::backend::local::id::id;
use crate::backend::local::keyspace::Keyspace;
use crate::backend::local::wal::Wal;

impl<E: Engine> Worker<E> {
    /// Brings into the engine what is pending now, makes it durable, and then removes the write-ahead log that had it. Where
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
        self.rotate_wal()?;
        let keyspaces: Vec<_> = lock(&shared.keyspaces).values().cloned().collect();
        let written = self.write_keyspaces(engine, &keyspaces);
        let held = &shared.held;
        for keyspace in &keyspaces {
            if written.is_ok() {
                // Dropped outside of the lock.
                let flushed = keyspace.memtable(held, |memtable| memtable.flushed());
                drop(flushed);
            } else {
                keyspace.memtable(held, |memtable| memtable.restore());
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
            &keyspaces,
            shared.max_bytes.load(Ordering::Relaxed),
        );
        self.publish_totals();
        evicted
    }

    /// Begins a new write-ahead log, where the current one has anything.
    fn rotate_wal(&mut self) -> Result<(), Fault> {
        let current = lock(&self.shared.wal)
            .as_ref()
            .filter(|wal| !wal.is_empty())
            .map(Wal::number);
        let Some(current) = current else {
            return Ok(());
        };
        // Made without the lock, which those who put wait for.
        let next = Wal::create(&self.shared.base, current.wrapping_add(1))?;
        let last = lock(&self.shared.wal).replace(next);
        let last = last.map(|last| (last.number(), last.path().to_owned()));
        self.written.extend(last);
        Ok(())
    }

    fn write_keyspaces(&mut self, engine: &E, keyspaces: &[Arc<Keyspace>]) -> Result<(), Fault> {
        let mut changes = Vec::new();
        for keyspace in keyspaces {
            let cleared = keyspace.memtable(&self.shared.held, |memtable| {
                let flushing = memtable.rotate();
                changes.extend(flushing.records.iter().map(|(key, record)| Change {
                    id: id(keyspace.id, *key),
                    record: record.clone(),
                }));
                flushing.cleared
            });
            if cleared {
                clear(engine, &mut self.totals, keyspace.id)?;
            }
        }
        // In order, neighbours share pages.
        changes.sort_unstable_by_key(|change| change.id);
        match self.written.last() {
            Some((wal, _)) => finish(engine, &mut self.totals, &changes, *wal)?,
            None => apply(engine, &mut self.totals, &changes)?,
        }
        guarded(|| engine.flush())
    }
}
