//! What was put and is not in the engine yet.

use std::collections::HashMap;
use std::sync::Arc;

use opero_core::Key;
use opero_core::key::BuildIdentity;

use super::journal::Frame;

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

/// The changes that wait, and those that are being written out. Both are read before the engine is.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: Generation,
    leaving: Generation,
}

/// What is known of a key without the engine.
#[derive(Debug)]
pub(super) enum Known {
    Put(Arc<Frame>),
    Gone,
    /// Only the engine can tell.
    Nothing,
}

impl Generation {
    fn look(&self, key: &Key) -> Known {
        match self.records.get(key) {
            Some(Some(frame)) => Known::Put(Arc::clone(frame)),
            Some(None) => Known::Gone,
            None if self.cleared => Known::Gone,
            None => Known::Nothing,
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

impl Pending {
    pub(super) fn look(&self, key: &Key) -> Known {
        match self.waiting.look(key) {
            Known::Nothing => self.leaving.look(key),
            known => known,
        }
    }

    pub(super) fn note(&mut self, key: Key, record: Option<Arc<Frame>>) {
        self.waiting.insert(key, record);
    }

    /// Returns what waited, to be dropped outside of the lock.
    pub(super) fn clear(&mut self) -> Generation {
        let cleared = Generation {
            cleared: true,
            ..Generation::default()
        };
        std::mem::replace(&mut self.waiting, cleared)
    }

    pub(super) fn bytes(&self) -> usize {
        self.waiting.bytes + self.leaving.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.records.len() + self.leaving.records.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.leaving.is_empty()
    }

    /// What waits is leaving from now on. Call it only when the last that left has arrived, or came back.
    pub(super) fn leave(&mut self) -> &Generation {
        self.leaving = std::mem::take(&mut self.waiting);
        &self.leaving
    }

    /// What left is in the engine. It is returned to be dropped outside of the lock.
    pub(super) fn arrived(&mut self) -> Generation {
        std::mem::take(&mut self.leaving)
    }

    /// What left could not be written: it waits again, beneath what came since.
    pub(super) fn came_back(&mut self) {
        let mut old = self.arrived();
        if self.waiting.cleared {
            return;
        }
        for (key, record) in std::mem::take(&mut self.waiting).records {
            old.insert(key, record);
        }
        self.waiting = old;
    }
}

#[cfg(test)]
#[cfg(not(shuttle))]
mod tests {
    use proptest::prelude::*;

    use super::super::change::{SpaceId, age, id};
    use super::super::journal::Kind;
    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Put(u8, u8),
        Remove(u8),
        Clear,
        Leave,
        Arrive,
        Return,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0..4u8, any::<u8>()).prop_map(|(key, value)| Step::Put(key, value)),
            2 => (0..4u8).prop_map(Step::Remove),
            1 => Just(Step::Clear),
            2 => Just(Step::Leave),
            1 => Just(Step::Arrive),
            1 => Just(Step::Return),
        ]
    }

    fn frame(key: u8, value: u8) -> Arc<Frame> {
        let id = id(SpaceId(1), Key::stable(key.into()));
        Arc::new(Frame::new(Kind::Put, &id, age(None), &[value]).unwrap())
    }

    proptest! {
        /// The engine is a map; whatever the order of steps, reading pending before it gives what was put last.
        #[test]
        fn what_was_put_last_is_read(steps in proptest::collection::vec(step(), 0..60)) {
            let mut pending = Pending::default();
            let (mut model, mut engine) = (HashMap::new(), HashMap::new());
            let mut left = false;
            for step in steps {
                match step {
                    Step::Put(key, value) => {
                        pending.note(Key::stable(key.into()), Some(frame(key, value)));
                        model.insert(key, value);
                    }
                    Step::Remove(key) => {
                        pending.note(Key::stable(key.into()), None);
                        model.remove(&key);
                    }
                    Step::Clear => {
                        pending.clear();
                        model.clear();
                    }
                    Step::Leave if !left => {
                        pending.leave();
                        left = true;
                    }
                    Step::Arrive if left => {
                        let arrived = pending.arrived();
                        if arrived.cleared {
                            engine.clear();
                        }
                        for (key, record) in arrived.records {
                            let key = key.as_u128() as u8;
                            match record {
                                Some(frame) => engine.insert(key, frame.record()[0]),
                                None => engine.remove(&key),
                            };
                        }
                        left = false;
                    }
                    Step::Return if left => {
                        pending.came_back();
                        left = false;
                    }
                    Step::Leave | Step::Arrive | Step::Return => {}
                }
                for key in 0..4 {
                    let read = match pending.look(&Key::stable(key.into())) {
                        Known::Put(frame) => Some(frame.record()[0]),
                        Known::Gone => None,
                        Known::Nothing => engine.get(&key).copied(),
                    };
                    prop_assert_eq!(read, model.get(&key).copied());
                }
                let held = [&pending.waiting, &pending.leaving].map(|generation| {
                    generation.records.values().map(|record| weight(record.as_ref())).sum::<usize>()
                });
                prop_assert_eq!(pending.bytes(), held.iter().sum());
            }
        }
    }
}
