//! The memtable: changes that are in the write-ahead log and not in the engine yet.

use std::collections::HashMap;
use std::sync::Arc;

use opero_core::Key;
use opero_core::key::BuildIdentity;

use super::wal::Frame;

type Records = HashMap<Key, Option<Arc<Frame>>, BuildIdentity>;

/// The changes since some moment: whether all was cleared, and what happened to single records after that.
#[derive(Debug, Default)]
pub(super) struct Generation {
    pub(super) cleared: bool,
    pub(super) records: Records,
    /// Of the records, as they are held here.
    bytes: usize,
}

/// What a change takes in memory besides its record, about: removals without end must count too.
const WEIGHT: usize = 128;

fn weight(record: Option<&Arc<Frame>>) -> usize {
    WEIGHT + record.map_or(0, |frame| frame.len())
}

/// The changes that wait, and those that are being flushed. Both are read before the engine is.
#[derive(Debug, Default)]
pub(super) struct Memtable {
    active: Generation,
    flushing: Generation,
}

/// What the memtable has of a key.
#[derive(Debug)]
pub(super) enum MemtableGet {
    Put(Arc<Frame>),
    Removed,
    /// Only the engine can tell.
    Unknown,
}

impl Generation {
    fn get(&self, key: &Key) -> MemtableGet {
        match self.records.get(key) {
            Some(Some(frame)) => MemtableGet::Put(Arc::clone(frame)),
            Some(None) => MemtableGet::Removed,
            None if self.cleared => MemtableGet::Removed,
            None => MemtableGet::Unknown,
        }
    }

    fn insert(&mut self, key: Key, record: Option<Arc<Frame>>) {
        self.bytes += weight(record.as_ref());
        if let Some(replaced) = self.records.insert(key, record) {
            self.bytes -= weight(replaced.as_ref());
        }
    }

    fn is_empty(&self) -> bool {
        !self.cleared && self.records.is_empty()
    }
}

impl Memtable {
    pub(super) fn get(&self, key: &Key) -> MemtableGet {
        match self.active.get(key) {
            MemtableGet::Unknown => self.flushing.get(key),
            known => known,
        }
    }

    pub(super) fn insert(&mut self, key: Key, record: Option<Arc<Frame>>) {
        self.active.insert(key, record);
    }

    /// Clears all, and returns what was active, to be dropped outside of the lock.
    pub(super) fn clear(&mut self) -> Generation {
        let cleared = Generation {
            cleared: true,
            ..Generation::default()
        };
        std::mem::replace(&mut self.active, cleared)
    }

    pub(super) fn bytes(&self) -> usize {
        self.active.bytes + self.flushing.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.active.records.len() + self.flushing.records.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.active.is_empty() && self.flushing.is_empty()
    }

    /// Starts a flush of the active generation. The one before must have been flushed, or restored.
    pub(super) fn rotate(&mut self) -> &Generation {
        self.flushing = std::mem::take(&mut self.active);
        &self.flushing
    }

    /// Ends the flush: the generation is in the engine. It is returned to be dropped outside of the lock.
    pub(super) fn flushed(&mut self) -> Generation {
        std::mem::take(&mut self.flushing)
    }

    /// Ends a flush that failed: the generation is active again, beneath the changes since.
    pub(super) fn restore(&mut self) {
        let mut old = std::mem::take(&mut self.flushing);
        if self.active.cleared {
            return;
        }
        for (key, record) in std::mem::take(&mut self.active).records {
            old.insert(key, record);
        }
        self.active = old;
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use proptest::prelude::*;

    use super::super::age::age;
    use super::super::id::{KeyspaceId, id};
    use super::super::wal::Kind;
    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Put(u8, u8),
        Remove(u8),
        Clear,
        Rotate,
        Flush,
        Restore,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..4u8, any::<u8>()).prop_map(|(key, value)| Step::Put(key, value)),
            2 => (0..4u8).prop_map(Step::Remove),
            1 => Just(Step::Clear),
            2 => Just(Step::Rotate),
            1 => Just(Step::Flush),
            1 => Just(Step::Restore),
        ]
    }

    fn frame(key: u8, value: u8) -> Arc<Frame> {
        let id = id(KeyspaceId(1), Key::stable(key.into()));
        Arc::new(Frame::new(Kind::Put, &id, age(None), &[value]).unwrap())
    }

    proptest! {
        /// The engine is a map; whatever the order of steps, reading the memtable before it gives what was put last.
        #[test]
        fn what_was_put_last_is_read(steps in proptest::collection::vec(step(), 0..60)) {
            let mut memtable = Memtable::default();
            let (mut model, mut engine) = (HashMap::new(), HashMap::new());
            let mut is_flushing = false;
            for step in steps {
                match step {
                    Step::Put(key, value) => {
                        memtable.insert(Key::stable(key.into()), Some(frame(key, value)));
                        model.insert(key, value);
                    }
                    Step::Remove(key) => {
                        memtable.insert(Key::stable(key.into()), None);
                        model.remove(&key);
                    }
                    Step::Clear => {
                        memtable.clear();
                        model.clear();
                    }
                    Step::Rotate if !is_flushing => {
                        memtable.rotate();
                        is_flushing = true;
                    }
                    Step::Flush if is_flushing => {
                        let flushed = memtable.flushed();
                        if flushed.cleared {
                            engine.clear();
                        }
                        for (key, record) in flushed.records {
                            let key = key.as_u128() as u8;
                            match record {
                                Some(frame) => engine.insert(key, frame.record()[0]),
                                None => engine.remove(&key),
                            };
                        }
                        is_flushing = false;
                    }
                    Step::Restore if is_flushing => {
                        memtable.restore();
                        is_flushing = false;
                    }
                    Step::Rotate | Step::Flush | Step::Restore => {}
                }
                for key in 0..4 {
                    let read = match memtable.get(&Key::stable(key.into())) {
                        MemtableGet::Put(frame) => Some(frame.record()[0]),
                        MemtableGet::Removed => None,
                        MemtableGet::Unknown => engine.get(&key).copied(),
                    };
                    prop_assert_eq!(read, model.get(&key).copied());
                }
                let held = [&memtable.active, &memtable.flushing].map(|generation| {
                    generation.records.values().map(|record| weight(record.as_ref())).sum::<usize>()
                });
                prop_assert_eq!(memtable.bytes(), held.iter().sum());
            }
        }
    }
}
