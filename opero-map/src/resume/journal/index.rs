//! Which items have a record, and where.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use opero_core::Key;
use opero_core::key::BuildIdentity;
use opero_core::stable::KeySpace;

/// Where a record is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordLocation {
    pub(super) offset: u64,
    pub(super) body: u32,
}

/// An item has one entry for its record, its content, or both.
pub(super) struct Index {
    slots: HashMap<Key, Slot, BuildIdentity>,
    contents: KeySpace,
    repeats: KeySpace,
    stale: u64,
    superseded: u64,
}

/// 32 bytes with its key: there is one for each record and each different item.
#[derive(Default)]
struct Slot {
    /// 0 where there is no record: that is where the header is.
    offset: u64,
    body: u32,
    /// How many items of this content the run had so far.
    seen: u32,
}

impl Index {
    pub(super) fn new(function: &str, version: &str) -> Self {
        let space = |what| KeySpace::new(&[what, function, version]);
        Self {
            slots: HashMap::default(),
            contents: space("opero journal"),
            repeats: space("opero journal, equal items"),
            stale: 0,
            superseded: 0,
        }
    }

    /// Adds a record of that key, in place of an earlier one.
    pub(super) fn add(&mut self, key: Key, location: RecordLocation) {
        let slot = self.slots.entry(key).or_default();
        match slot.offset {
            0 => self.stale += 1,
            _ => self.superseded += 1,
        }
        slot.offset = location.offset;
        slot.body = location.body;
    }

    /// Returns the key and the record of the input's next item.
    pub(super) fn next_item(&mut self, content: Key) -> (Key, Option<RecordLocation>) {
        let slot = self.slots.entry(content).or_default();
        let number = slot.seen;
        slot.seen = number.saturating_add(1);
        if number == 0 {
            let location = slot.location();
            self.stale -= u64::from(location.is_some());
            return (content, location);
        }
        let mut bytes = [0; 20];
        bytes[..16].copy_from_slice(&content.as_u128().to_le_bytes());
        bytes[16..].copy_from_slice(&number.to_le_bytes());
        let key = self.repeats.key(&bytes);
        // It is asked for once, so without a record it needs no entry.
        let Entry::Occupied(mut slot) = self.slots.entry(key) else {
            return (key, None);
        };
        let slot = slot.get_mut();
        if slot.seen == 0 {
            slot.seen = 1;
            self.stale -= u64::from(slot.offset != 0);
        }
        (key, slot.location())
    }

    /// Returns the key space of the items' contents.
    pub(super) fn contents(&self) -> KeySpace {
        self.contents.clone()
    }

    /// Returns how many records a later one of the same item replaced.
    pub(super) fn superseded(&self) -> u64 {
        self.superseded
    }

    /// Returns `true` if this is the current record of its item.
    pub(super) fn is_last(&self, key: Key, offset: u64) -> bool {
        let slot = self.slots.get(&key);
        slot.is_some_and(|slot| slot.offset == offset)
    }

    /// Returns how many records no item asked for.
    pub(super) fn stale(&self) -> u64 {
        self.stale
    }
}

impl Slot {
    fn location(&self) -> Option<RecordLocation> {
        (self.offset != 0).then_some(RecordLocation {
            offset: self.offset,
            body: self.body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_items_are_known_by_their_order() {
        let mut index = Index::new("f", "");
        let keys = [1, 2, 1, 1].map(|content| index.next_item(Key::stable(content)).0);
        let mut again = Index::new("f", "");
        for (place, key) in keys.iter().enumerate().skip(1) {
            let (offset, body) = (place as u64 * 10, 0);
            again.add(*key, RecordLocation { offset, body });
        }
        assert_eq!(again.stale(), 3);
        // The one in the middle comes first now: it is still itself.
        let found = [2, 1, 1].map(|content| again.next_item(Key::stable(content)).1);
        let offsets = found.map(|place| place.map(|location| location.offset));
        assert_eq!(offsets, [Some(10), None, Some(20)]);
        assert_eq!(again.stale(), 1);
    }

    #[test]
    fn of_two_records_the_last_one_counts() {
        let mut index = Index::new("f", "");
        for offset in [7, 9] {
            index.add(Key::stable(5), RecordLocation { offset, body: 1 });
        }
        let (_, found) = index.next_item(Key::stable(5));
        assert_eq!(found.map(|location| location.offset), Some(9));
    }

    #[test]
    fn an_entry_is_small() {
        assert_eq!(size_of::<(Key, Slot)>(), 32);
    }
}
